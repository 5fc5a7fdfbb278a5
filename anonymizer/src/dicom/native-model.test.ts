/** The Native DICOM Model (PS3.19 A.1), by values and against what dcmtk makes of real files. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readDicom, toDicomJson, toNativeModel } from './index.ts'
import type { DicomJson } from './json.ts'

const inner = (json: DicomJson) =>
  /<NativeDicomModel xml:space="preserve">(.*)<\/NativeDicomModel>/s.exec(toNativeModel(json))?.[1]

test.each<[string, DicomJson, string]>([
  ['nothing', {}, ''],
  [
    'no value',
    { '00080050': { vr: 'SH' } },
    '<DicomAttribute tag="00080050" vr="SH" keyword="AccessionNumber"></DicomAttribute>',
  ],
  [
    'several values, one of them empty',
    { '00080008': { vr: 'CS', Value: ['ORIGINAL', null, 'AXIAL'] } },
    '<DicomAttribute tag="00080008" vr="CS" keyword="ImageType"><Value number="1">ORIGINAL</Value>' +
      '<Value number="3">AXIAL</Value></DicomAttribute>',
  ],
  [
    'numbers',
    { '00280030': { vr: 'DS', Value: [0.5, 1e-7] } },
    '<DicomAttribute tag="00280030" vr="DS" keyword="PixelSpacing"><Value number="1">0.5</Value>' +
      '<Value number="2">1e-7</Value></DicomAttribute>',
  ],
  [
    'a name with all its groups',
    {
      '00100010': {
        vr: 'PN',
        Value: [{ Alphabetic: 'Hong^Gildong^^Dr', Ideographic: '洪^吉洞', Phonetic: '홍^길동' }],
      },
    },
    '<DicomAttribute tag="00100010" vr="PN" keyword="PatientName"><PersonName number="1"><Alphabetic>' +
      '<FamilyName>Hong</FamilyName><GivenName>Gildong</GivenName><NamePrefix>Dr</NamePrefix>' +
      '</Alphabetic><Ideographic><FamilyName>洪</FamilyName><GivenName>吉洞</GivenName></Ideographic>' +
      '<Phonetic><FamilyName>홍</FamilyName><GivenName>길동</GivenName></Phonetic></PersonName>' +
      '</DicomAttribute>',
  ],
  [
    'markup and what XML cannot hold',
    { '00081030': { vr: 'LO', Value: ['<a href="b">&\u0000\u000b\ud800'] } },
    '<DicomAttribute tag="00081030" vr="LO" keyword="StudyDescription"><Value number="1">' +
      '&lt;a href=&quot;b&quot;&gt;&amp;\ufffd\ufffd\ufffd</Value></DicomAttribute>',
  ],
  [
    'items',
    { '00081140': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1.2'] } }, {}] } },
    '<DicomAttribute tag="00081140" vr="SQ" keyword="ReferencedImageSequence"><Item number="1">' +
      '<DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID"><Value number="1">1.2' +
      '</Value></DicomAttribute></Item><Item number="2"></Item></DicomAttribute>',
  ],
  [
    'bytes, here and elsewhere',
    {
      '00282000': { vr: 'OB', InlineBinary: 'AAEC' },
      '7FE00010': { vr: 'OW', BulkDataURI: '/studies/1/bulkdata/7FE00010?a=1&b' },
    },
    '<DicomAttribute tag="00282000" vr="OB" keyword="ICCProfile"><InlineBinary>AAEC</InlineBinary>' +
      '</DicomAttribute><DicomAttribute tag="7FE00010" vr="OW" keyword="PixelData">' +
      '<BulkData uri="/studies/1/bulkdata/7FE00010?a=1&amp;b"/></DicomAttribute>',
  ],
  [
    'a private attribute and its creator',
    { '00090010': { vr: 'LO', Value: ['ACME 1'] }, '00091001': { vr: 'DS', Value: [1] } },
    '<DicomAttribute tag="00090010" vr="LO"><Value number="1">ACME 1</Value></DicomAttribute>' +
      '<DicomAttribute tag="00090001" vr="DS" privateCreator="ACME 1"><Value number="1">1</Value>' +
      '</DicomAttribute>',
  ],
])('%s', (_what, json, expected) => {
  expect(inner(json)).toBe(expected)
})

describe.skipIf(!existsSync('/usr/bin/dcm2xml'))('dcmtk', () => {
  test('names the same attributes of real files, in the same places', () => {
    const files = ['pydicom/*.dcm', 'highdicom/**/*.dcm', 'dcmqi/**/*.dcm']
      .flatMap((pattern) => globSync(`../shared/data/${pattern}`))
      .sort()
    let compared = 0
    let attributes = 0
    for (const path of files) {
      let json: DicomJson
      try {
        json = toDicomJson(readDicom(readFileSync(path)).dataSet)
      } catch {
        continue
      }
      const theirs = execFileSync('dcm2xml', ['-nat', '-q', path], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 256 * 1024 ** 2,
      })
      const expected = outline(theirs)
      expect([path, outline(toNativeModel(json))]).toEqual([path, expected])
      compared += 1
      attributes += expected.length
      if (compared === 40) break
    }
    process.stdout.write(
      `Native DICOM Model: ${compared} files, ${attributes} attributes as dcmtk\n`,
    )
    expect(compared).toBeGreaterThanOrEqual(20)
  })
})

/** Opening and closing of attributes and items; the VR of what dcmtk does not know is its own. */
function outline(xml: string): string[] {
  return [
    ...xml.matchAll(/<DicomAttribute tag="(\w+)"|<\/DicomAttribute>|<Item number="(\d+)"/g),
  ].map(([all, tag, item]) => tag ?? item ?? all)
}
