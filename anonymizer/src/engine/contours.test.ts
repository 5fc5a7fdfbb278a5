/** Structure sets of many MB: numbers cost no search for words, and words among them are still found. */
import { describe, expect, test } from 'vitest'
import { dataSet, joinChunks, sequence, value, writeDicom } from '../dicom/index.ts'
import { loadProfile } from '../profile/profile.ts'
import { openVault } from '../vault/vault.ts'
import { checkClean } from './check.ts'
import { deidentify } from './deidentify.ts'

const format = { prefix: 'LC', digits: 5 }
const profile = loadProfile('research-longitudinal')
const settings = { profile, vault: openVault(new Uint8Array(32).fill(9), format) }
const CONTOUR = Array.from({ length: 3 * 400 }, (_, at) => (at / 7 - 123.45).toFixed(2)).join('\\')

/** 20 MB of contours; `written` stands at the end of the last ones. */
function structureSet(written: { text: string; contours: number }): Uint8Array {
  const count = 2_600
  const contours = Array.from({ length: count }, (_, at) => {
    const isWritten = at >= count - written.contours
    return dataSet([
      value('30060042', 'CS', 'CLOSED_PLANAR'),
      value('30060046', 'IS', '400'),
      value('30060050', 'DS', isWritten ? `${CONTOUR}\\${written.text}` : CONTOUR),
    ])
  })
  return writeDicom({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    dataSet: dataSet([
      value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.481.3'),
      value('00080018', 'UI', '1.2.3.4.5'),
      value('00080060', 'CS', 'RTSTRUCT'),
      value('00100010', 'PN', 'HONG^GILDONG'),
      value('00100020', 'LO', 'P-77341902'),
      value('0020000D', 'UI', '1.2.3.4'),
      value('0020000E', 'UI', '1.2.3.4.1'),
      sequence('30060039', [
        dataSet([sequence('30060040', contours), value('30060084', 'IS', '1')]),
      ]),
    ]),
  })
}

const countOf = (bytes: Uint8Array, text: string) =>
  Buffer.from(bytes).toString('latin1').split(text).length - 1

describe('a structure set of 20 MB', () => {
  test('becomes clean in seconds, its contours as they were', () => {
    const original = structureSet({ text: '', contours: 0 })
    expect(original.length).toBeGreaterThan(20_000_000)
    const start = performance.now()
    const clean = joinChunks(deidentify(original, settings).chunks)
    const result = checkClean(clean, { profile, format })
    // About two on one core; a search of all of it for each identifier takes minutes.
    expect(performance.now() - start).toBeLessThan(30_000)
    expect(result).toMatchObject({ isClean: true })
    expect(countOf(clean, CONTOUR)).toBe(countOf(original, CONTOUR))
  })

  test('a name among the numbers of a contour goes with them', () => {
    const original = structureSet({ text: 'HONG GILDONG', contours: 1 })
    expect(countOf(original, 'GILDONG')).toBe(2)
    const clean = joinChunks(deidentify(original, settings).chunks)
    expect(countOf(clean, 'GILDONG')).toBe(0)
    expect(countOf(clean, 'HONG')).toBe(0)
    // Its contour is not left with other numbers than it had.
    expect(countOf(clean, CONTOUR.slice(0, 40))).toBe(countOf(original, CONTOUR) - 1)
    expect(checkClean(clean, { profile, format })).toMatchObject({ isClean: true })
  })

  test('more words among them than can be searched are refused', () => {
    const original = structureSet({ text: 'HONG GILDONG', contours: 2_600 })
    expect(() => deidentify(original, settings)).toThrow('DICOM_TOO_MANY')
  })
})
