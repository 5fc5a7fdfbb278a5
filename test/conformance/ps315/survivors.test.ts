/**
 * One file that holds an identifier in every place that the standard or a parser's habit offers:
 * none may be found in what the Basic Profile leaves. The traps are refused or harmless.
 */
import { existsSync } from 'node:fs'
import {
  checkClean,
  DeidError,
  DicomError,
  deidentify,
  joinChunks,
  loadProfile,
  openVault,
} from '@pandok/anonymizer'
import { getStrings, readDicom } from '@pandok/anonymizer/dicom'
import { describe, expect, test } from 'vitest'
import { instanceOf, isOfDataSet, plant } from './planted.ts'
import { fileOf, ITEM_END, implicit, item, raw, SEQUENCE_END, UNDEFINED } from './raw.ts'
import { PS315, readRows } from './table.ts'

const CT = '1.2.840.10008.5.1.4.1.1.2'
const CANARY = 'ZQCANARYZQ'
const vault = openVault(new Uint8Array(32).fill(5), { prefix: 'LC', digits: 5 })
const basic = loadProfile('basic')
const clean = (bytes: Uint8Array, profile = basic) =>
  Buffer.from(joinChunks(deidentify(bytes, { profile, vault }).chunks))

describe.skipIf(!existsSync(PS315) && process.env['CI'] !== 'true')('survivors', () => {
  test('of every attribute of the table at three levels: none', () => {
    const planted = plant(readRows().filter(isOfDataSet))
    const after = clean(instanceOf(CT, planted))
    // Shorter ones cannot be told from other bytes; ps315.test.ts looks at them one by one.
    const searched = planted.filter(({ bytes }) => bytes.length >= 6)
    const survivors = searched.filter(({ bytes }) => after.includes(Buffer.from(bytes)))
    process.stdout.write(
      `survivors: ${survivors.length} of ${searched.length} planted in attributes of the table\n`,
    )
    expect(survivors.map(({ row, level }) => `${row.name} ${level}`)).toEqual([])
    expect(searched.length).toBeGreaterThan(1_900)
  })
})

/** What every readable CT needs, in ascending order around what a trap adds. */
const before = [
  raw('00080005', 'CS', 'ISO_IR 192'),
  raw('00080008', 'CS', 'ORIGINAL\\PRIMARY\\AXIAL'),
  raw('00080016', 'UI', CT),
  raw('00080018', 'UI', '1.2.826.0.1.9001'),
  raw('00080060', 'CS', 'CT'),
]
const after = [
  raw('00100010', 'PN', 'KIM^MINSU'),
  raw('00100020', 'LO', '20260417-55'),
  raw('0020000D', 'UI', '1.2.826.0.1.9002'),
  raw('0020000E', 'UI', '1.2.826.0.1.9003'),
  raw('00280002', 'US', Buffer.from([1, 0])),
  raw('00280010', 'US', Buffer.from([2, 0])),
  raw('00280011', 'US', Buffer.from([2, 0])),
  raw('00280100', 'US', Buffer.from([8, 0])),
]
const pixels = raw('7FE00010', 'OB', Buffer.from([1, 2, 3, 4]))
const around = (...elements: Buffer[]) => fileOf([...before, ...elements, ...after, pixels])
const name = raw('00100010', 'PN', CANARY)
const description = raw('00081030', 'LO', CANARY)
/** A public sequence that the table does not name: it is walked. */
const WALKED = '00082218'

const TRAPS: Readonly<Record<string, Buffer>> = {
  'an item longer than declared': around(raw(WALKED, 'SQ', item(description, 4))),
  'an item shorter than declared': around(raw(WALKED, 'SQ', item(description, 200))),
  'a sequence longer than declared': around(raw(WALKED, 'SQ', item(description), 8)),
  'a sequence shorter than declared': around(raw(WALKED, 'SQ', item(description), 100)),
  'a sequence of no items': around(raw(WALKED, 'SQ', `${CANARY}${CANARY}`)),
  'a sequence of undefined length without end': around(
    raw(WALKED, 'SQ', item(description), UNDEFINED),
  ),
  'a value that swallows the next element': around(raw('00081090', 'LO', CANARY, 60), description),
  'a value cut short, so that its rest is an element': around(
    raw('00081090', 'LO', Buffer.concat([Buffer.from('ab'), name]), 2),
  ),
  'a VR that nobody knows, with a long header': around(raw('00081090', 'ZZ', CANARY)),
  'UN of undefined length, implicit inside': around(
    raw(
      '00081110',
      'UN',
      Buffer.concat([
        implicit('FFFEE000', '', UNDEFINED),
        implicit('00100010', CANARY),
        ITEM_END,
        SEQUENCE_END,
      ]),
      UNDEFINED,
    ),
  ),
  'UN of defined length that is a sequence': around(
    raw(WALKED, 'UN', item(implicit('00081030', CANARY))),
  ),
  'UN that is a name': around(raw('00080090', 'UN', CANARY)),
  'UN of a private attribute': around(raw('00090010', 'LO', 'ACME'), raw('00091001', 'UN', CANARY)),
  'implicit items in an explicit sequence': around(
    raw(WALKED, 'SQ', item(implicit('00081030', CANARY))),
  ),
  'a private sequence with public attributes inside': around(
    raw('00090010', 'LO', 'ACME'),
    raw('00091001', 'SQ', item(name)),
  ),
  'a private element without an owner': around(raw('00091001', 'LO', CANARY)),
  'an owner that is an identifier': around(raw('00090010', 'LO', CANARY)),
  'an odd group below 8': around(raw('00050010', 'LO', CANARY)),
  'a directory element outside a directory': fileOf([
    raw('00041500', 'CS', CANARY),
    ...before,
    ...after,
    pixels,
  ]),
  'a command element': fileOf([raw('00001031', 'AE', CANARY), ...before, ...after, pixels]),
  'group lengths with a text inside': around(raw('00100000', 'LO', CANARY)),
  'trailing padding': fileOf([...before, ...after, pixels, raw('FFFCFFFC', 'OB', CANARY)]),
  'bytes behind the data set': fileOf([...before, ...after, pixels, Buffer.from(CANARY)]),
  'the preamble': fileOf([...before, ...after, pixels], { preamble: CANARY }),
  'application titles and private information in the file meta': fileOf(
    [...before, ...after, pixels],
    {
      meta: [
        raw('00020013', 'SH', CANARY),
        raw('00020016', 'AE', CANARY),
        raw('00020017', 'AE', CANARY),
        raw('00020100', 'UI', '1.2.3'),
        raw('00020102', 'OB', CANARY),
      ],
    },
  ),
  'an overlay in the last group': fileOf([
    ...before,
    ...after,
    raw('601E0022', 'LO', CANARY),
    raw('601E3000', 'OW', CANARY),
    pixels,
  ]),
  'a curve': fileOf([...before, ...after, raw('50FE2500', 'LO', CANARY), pixels]),
  'a retired attribute': around(raw('00084000', 'LT', CANARY)),
  'an attribute of no standard': around(raw('00085FFF', 'LO', CANARY)),
  'the same attribute twice': around(raw('00081030', 'LO', 'a'), description),
  'attributes out of order': around(raw('00081090', 'LO', 'a'), description),
  'a person in a text with the name in another order': around(
    raw('00081090', 'LO', 'MINSU KIM 20260417-55'),
  ),
}
const GONE = [CANARY, 'MINSU', '20260417', '1.2.826.0.1']

describe('traps', () => {
  test.each(Object.keys(TRAPS))('%s', (trap) => {
    const bytes = TRAPS[trap] ?? Buffer.alloc(0)
    let left: Buffer
    try {
      left = clean(bytes)
    } catch (error) {
      const isCoded = error instanceof DicomError || error instanceof DeidError
      expect(isCoded, String(error)).toBe(true)
      expect(String(error)).not.toContain(CANARY)
      return
    }
    for (const text of GONE) expect(left.includes(text), text).toBe(false)
    const check = checkClean(left, { profile: basic, format: vault.format })
    expect(check).toMatchObject({ isClean: true })
  })

  test('most of them are cleaned, not refused', () => {
    const refused = Object.keys(TRAPS).filter((trap) => {
      try {
        clean(TRAPS[trap] ?? Buffer.alloc(0))
        return false
      } catch {
        return true
      }
    })
    process.stdout.write(
      `traps: ${Object.keys(TRAPS).length}, of which refused: ${refused.join('; ')}\n`,
    )
    expect(refused.length).toBeLessThan(Object.keys(TRAPS).length / 3)
  })

  test('what earlier de-identification said stays before what we say', () => {
    const left = readDicom(
      clean(
        fileOf([
          ...before,
          ...after.slice(0, 2),
          raw('00120063', 'LO', 'Other tool'),
          ...after.slice(2),
          pixels,
        ]),
      ),
    )
    expect(getStrings(left.dataSet, '00120063')).toEqual(['Other tool', basic.label])
  })
})
