/**
 * Codes of the head against a dictionary of others (pydicom's, of PS3.16 and SNOMED): what it calls a
 * code has to have a word of the meaning that we give it.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { HEAD_CODES } from './head-codes.ts'

const DICTIONARY = '/usr/lib/python3/dist-packages/pydicom/sr/_snomed_dict.py'
/** In older editions of PS3.16 only, as Ear and Orbit. */
const OLDER = ['T-AB000', 'T-D1480']

/** Prints code and meaning of each argument that it knows; SNOMED RT goes by its SNOMED CT code. */
const LOOK_UP = `
import sys
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping
meanings = {c: v[0] for e in concepts['SCT'].values() for c, v in e.items()}
for code in sys.argv[1:]:
    meaning = meanings.get(mapping['SRT'].get(code, code))
    if meaning: print(code + '\\t' + meaning)
`

describe.skipIf(!existsSync(DICTIONARY))('codes of the head', () => {
  test('mean what they are taken for', () => {
    const codes = [...HEAD_CODES.keys()]
    const out = execFileSync('/usr/bin/python3', ['-c', LOOK_UP, ...codes], { encoding: 'utf8' })
    const theirs = new Map(
      out
        .trim()
        .split('\n')
        .map((line) => line.split('\t') as [string, string]),
    )
    const unknown = codes.filter((code) => !theirs.has(code))
    const differing = codes.filter((code) => {
      const all = (HEAD_CODES.get(code) ?? '').toLowerCase().split(' ')
      const words = all.filter((word) => !['of', 'and', 'structure', 'entire'].includes(word))
      return (
        theirs.has(code) && !words.some((word) => theirs.get(code)?.toLowerCase().includes(word))
      )
    })
    process.stdout.write(
      `head codes: ${codes.length - unknown.length - differing.length} of ${codes.length} ` +
        `confirmed, ${differing.length} differ, not in the dictionary: ${unknown.join(' ')}\n`,
    )
    expect(differing).toEqual([])
    expect(unknown.sort()).toEqual(OLDER)
  })
})
