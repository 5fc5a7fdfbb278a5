/**
 * Contours longer than a 16-bit length allows (PS3.5 6.2.2), in implicit VR as treatment planning systems
 * write them: de-identified they are UN with all their bytes, and other readers take them for the DS
 * that they are.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkClean, deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { dataSet, getItems, getNumbers, readDicom, sequence, value } from '@pandok/anonymizer/dicom'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeAs } from '../../fuzz/encode.ts'

const POINTS = 20_000
const contour = Array.from({ length: POINTS * 3 }, (_, at) => (at % 977) / 4 - 100)
const profile = loadProfile('research-longitudinal')
const format = { prefix: 'LC', digits: 5 }
let folder = ''
let output = new Uint8Array()

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pandok-long-'))
  const { bytes } = encodeAs(
    dataSet([
      value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.481.3'),
      value('00080018', 'UI', '1.2.3.4'),
      value('00080060', 'CS', 'RTSTRUCT'),
      value('00100020', 'LO', 'P-1'),
      value('0020000D', 'UI', '1.2.3'),
      value('0020000E', 'UI', '1.2.3.1'),
      sequence('30060039', [
        dataSet([
          sequence('30060040', [
            dataSet([
              value('30060042', 'CS', 'CLOSED_PLANAR'),
              value('30060046', 'IS', POINTS),
              value('30060050', 'DS', contour),
            ]),
          ]),
          value('30060084', 'IS', 1),
        ]),
      ]),
    ]),
    { transferSyntaxUid: '1.2.840.10008.1.2', isUndefinedLength: false },
  )
  const vault = openVault(new Uint8Array(32).fill(3), format)
  output = joinChunks(deidentify(bytes, { profile, vault }).chunks)
  writeFileSync(join(folder, 'out.dcm'), output)
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

test('we read the contour as it was, and the check takes the file', () => {
  const [roi] = getItems(readDicom(output).dataSet, '30060039')
  const [read] = roi === undefined ? [] : getItems(roi, '30060040')
  expect(read && getNumbers(read, '30060050')).toEqual(contour)
  expect(checkClean(output, { profile, format })).toMatchObject({ isClean: true })
})

test('dcmdump reads what stands behind it', () => {
  const text = execFileSync('dcmdump', ['-q', join(folder, 'out.dcm')], { encoding: 'utf8' })
  expect(text).toMatch(/\(3006,0050\) UN /)
  expect(text).toMatch(/\(3006,0084\) IS \[1\]/)
})

test('pydicom takes it for DS', () => {
  const script =
    'import sys, pydicom\n' +
    'c = pydicom.dcmread(sys.argv[1]).ROIContourSequence[0].ContourSequence[0]\n' +
    "e = c['ContourData']\n" +
    "v = e.value if e.VR == 'DS' else e.value.decode('ascii').strip().split('\\\\')\n" +
    'print(e.VR, len(v), float(v[0]), float(v[-1]))\n'
  const said = execFileSync('/usr/bin/python3', ['-c', script, join(folder, 'out.dcm')], {
    encoding: 'utf8',
  })
  expect(said.trim()).toMatch(new RegExp(`^(DS|UN) ${POINTS * 3} -100.0 ${contour.at(-1)}$`))
  process.stdout.write(`long values: pydicom reads ${said.trim()}\n`)
})
