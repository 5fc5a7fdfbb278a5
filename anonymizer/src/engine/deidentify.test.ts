import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type DataSet,
  DicomError,
  dataSet,
  type Element,
  getItems,
  getString,
  joinChunks,
  readDicom,
  sequence,
  value,
  writeDicom,
} from '../dicom/index.ts'
import { DeidError } from '../errors.ts'
import { loadProfile } from '../profile/profile.ts'
import { openVault } from '../vault/vault.ts'
import { checkClean } from './check.ts'
import { deidentify } from './deidentify.ts'

const FORMAT = { prefix: 'LC', digits: 5 }
const KEY = new Uint8Array(32).fill(9)
const CANARY = 'CANARY7731'
const ENHANCED_SR = '1.2.840.10008.5.1.4.1.1.88.22'
const LIDC = join(import.meta.dirname, '../../../../shared/data/lidc-idri-0314/CT_chest_40of275')

/** A small CT image whose every identifying place holds a canary. */
function ctImage(...more: Element[]): Uint8Array {
  return writeDicom({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    dataSet: dataSet([
      value('00080005', 'CS', 'ISO_IR 192'),
      value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
      value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.2'),
      value('00080018', 'UI', '1.2.3.4.5'),
      value('00080020', 'DA', '20240229'),
      value('0008002A', 'DT', '20240229101530.5+0900'),
      value('00080030', 'TM', '101530'),
      value('00080050', 'SH', CANARY),
      value('00080060', 'CS', 'CT'),
      value('00080080', 'LO', CANARY),
      value('00080090', 'PN', CANARY),
      value('00081030', 'LO', CANARY),
      sequence('00081140', [
        dataSet([
          value('00081150', 'UI', '1.2.840.10008.5.1.4.1.1.2'),
          value('00081155', 'UI', '1.2.3.4.5'),
        ]),
      ]),
      value('00090010', 'LO', CANARY),
      value('00091001', 'UN', new TextEncoder().encode(CANARY)),
      value('00100010', 'PN', `${CANARY}^A`),
      value('00100020', 'LO', CANARY),
      value('00100030', 'DA', '19600101'),
      value('00104000', 'LT', CANARY),
      value('00180015', 'CS', 'CHEST'),
      value('0020000D', 'UI', '1.2.3.4'),
      value('0020000E', 'UI', '1.2.3.4.1'),
      value('00280002', 'US', 1),
      value('00280010', 'US', 2),
      value('00280011', 'US', 2),
      value('00280100', 'US', 8),
      sequence('00400275', [
        dataSet([
          value('00321060', 'LO', CANARY),
          value('00400007', 'LO', CANARY),
          sequence('00400008', [dataSet([value('00080104', 'LO', CANARY)])]),
        ]),
      ]),
      value('50003000', 'OW', new TextEncoder().encode(CANARY)),
      value('60003000', 'OW', new TextEncoder().encode(CANARY)),
      value('7FE00010', 'OB', new Uint8Array([1, 2, 3, 4])),
      ...more,
    ]),
  })
}

function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text)]
}

const vault = openVault(KEY, FORMAT)
const profile = loadProfile('research-longitudinal')
const settings = { profile, vault }
const checkSettings = { profile, format: FORMAT }
let clean: DataSet
let cleanBytes: Uint8Array

beforeAll(() => {
  cleanBytes = joinChunks(deidentify(ctImage(), settings).chunks)
  clean = readDicom(cleanBytes).dataSet
})

describe('PS3.15 table E.1-1, by attribute', () => {
  test.each([
    ['(0008,0050) Z → empty', '00080050', ''],
    ['(0008,0090) Z → empty', '00080090', ''],
    ['(0010,0030) Z → empty', '00100030', ''],
    ['(0012,0062) attested', '00120062', 'YES'],
    ['(0028,0303) attested', '00280303', 'MODIFIED'],
    ['(0008,0030) time of day kept with modified dates', '00080030', '101530'],
    ['(0008,0060) not in the table → kept', '00080060', 'CT'],
  ])('%s', (_name, tag, expected) => {
    expect(clean.has(tag)).toBe(true)
    expect(getString(clean, tag)).toBe(expected)
  })

  test.each([
    ['(0008,0080) X/Z/D, Type 3 in CT', '00080080'],
    ['(0008,1030) X', '00081030'],
    ['(0009,xx10) private creator', '00090010'],
    ['(0009,xx01) private', '00091001'],
    ['(0010,4000) X', '00104000'],
    ['(0040,0275) X', '00400275'],
    ['(5000,3000) curve', '50003000'],
    ['(6000,3000) overlay', '60003000'],
  ])('%s → removed by the Basic Profile', (_name, tag) => {
    const basic = deidentify(ctImage(), { profile: loadProfile('basic'), vault })
    expect(readDicom(joinChunks(basic.chunks)).dataSet.has(tag)).toBe(false)
  })

  test('the canary is nowhere in the output', () => {
    expect(Buffer.from(cleanBytes).includes(CANARY)).toBe(false)
  })

  test('references point to the new UIDs, standard UIDs stay', () => {
    const [item] = getItems(clean, '00081140')
    expect(item && getString(item, '00081155')).toBe(getString(clean, '00080018'))
    expect(item && getString(item, '00081150')).toBe('1.2.840.10008.5.1.4.1.1.2')
    expect(getString(clean, '00080018')).toMatch(/^2\.25\.\d+$/)
  })

  test('dates of one subject move together, by the offset of the pseudonym', () => {
    const days = vault.dateOffsetDays(getString(clean, '00100020'))
    const moved = new Date(Date.UTC(2024, 1, 29) + days * 86_400_000)
    const expected = moved.toISOString().slice(0, 10).replaceAll('-', '')
    expect(getString(clean, '00080020')).toBe(expected)
    expect(getString(clean, '0008002A')).toBe(`${expected}101530.5+0900`)
    expect(days).toBeLessThanOrEqual(-30)
  })

  test('pixels stay bit by bit', () => {
    expect(clean.get('7FE00010')).toMatchObject({ bytes: new Uint8Array([1, 2, 3, 4]) })
  })
})

describe('what cannot be made clean gives no output', () => {
  test.each<[string, string, Element[]]>([
    ['no storage class', 'DEID_SOP_CLASS', [value('00080016', 'UI', '1.2.840.10008.1.1')]],
    ['a PDF', 'DEID_SOP_CLASS', [value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.104.1')]],
    ['a photo', 'DEID_PIXELS_UNSEEN', [value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.7')]],
    ['a secondary CT', 'DEID_PIXELS_UNSEEN', [value('00080008', 'CS', ['DERIVED', 'SECONDARY'])]],
    [
      'a report with pixels',
      'DEID_PIXELS_UNSEEN',
      [value('00080016', 'UI', ENHANCED_SR), value('00080060', 'CS', 'SR')],
    ],
    ['burned-in text', 'DEID_BURNED_IN', [value('00280301', 'CS', 'YES')]],
    ['no patient id', 'DEID_NO_PATIENT_ID', [value('00100020', 'LO', '')]],
    ['no instance UID', 'DEID_NO_UID', [value('00080018', 'UI', '')]],
  ])('%s → %s', (_name, code, more) => {
    const error = thrownBy(() => deidentify(ctImage(...more), settings))
    expect(error).toBeInstanceOf(DeidError)
    expect(error).toMatchObject({ code })
    expect(String(error)).not.toContain(CANARY)
  })

  test('every torn prefix ends in a code', () => {
    const whole = ctImage()
    for (let length = 0; length < whole.length; length++) {
      const error = thrownBy(() => deidentify(whole.slice(0, length), settings))
      const isCoded = error instanceof DicomError || error instanceof DeidError
      expect(isCoded, `cut at ${length}`).toBe(true)
    }
  })

  test('changed bytes never cause anything but a code or a clean file', () => {
    const whole = ctImage()
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (changes) => {
          const bytes = Uint8Array.from(whole)
          for (const [at, byte] of changes) bytes[at] = byte
          const result = thrownBy(() => deidentify(bytes, settings))
          if (result instanceof Error) {
            expect(result instanceof DicomError || result instanceof DeidError).toBe(true)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

test.each([
  ['a byte that is no character', [...ascii('PT88204'), 0xa0]],
  ['quotes', ascii('"PT88204"')],
  ['brackets', ascii('[PT88204] ')],
])('an identifier within %s is known in texts that are without', (_name, bytes) => {
  const image = ctImage(
    value('00100020', 'LO', new Uint8Array(bytes)),
    value('00081030', 'LO', 'Chest PT88204 nodule'),
  )
  const { dataSet: output } = readDicom(joinChunks(deidentify(image, settings).chunks))
  expect(getString(output, '00081030')).toBe('Chest nodule')
})

const WORD = ascii('Q7PT88204XYZ')
test.each([
  ['Patient ID as US', '00100020', 'US', WORD],
  ['Patient ID as UL with its bytes turned round', '00100020', 'UL', turned(WORD, 4)],
  ['Patient ID as OW with its bytes turned round', '00100020', 'OW', turned(WORD, 2)],
  ["Operators' Name as US", '00081070', 'US', WORD],
  ["Operators' Name as UN", '00081070', 'UN', WORD],
  ["Operators' Name as CS", '00081070', 'CS', WORD],
] as const)('%s is known in texts all the same', (_name, tag, vr, bytes) => {
  const identifier: Element = { kind: 'value', tag, vr, bytes: new Uint8Array(bytes) }
  const image = ctImage(identifier, value('00081030', 'LO', 'Chest Q7PT88204XYZ nodule'))
  const { dataSet: output } = readDicom(joinChunks(deidentify(image, settings).chunks))
  expect(getString(output, '00081030')).toBe('Chest nodule')
})

function turned(bytes: readonly number[], size: number): number[] {
  const words = Array.from({ length: bytes.length / size }, (_, at) =>
    bytes.slice(at * size, (at + 1) * size).reverse(),
  )
  return words.flat()
}

test.each([
  ['one within another', 'Chest PT8PT882048204 nodule', 'Chest nodule'],
  ['a pit of them', `${'PT8'.repeat(20)}PT88204${'8204'.repeat(20)}`, 'ANONYMIZED'],
])('identifiers that would come together are gone too: %s', (_name, text, expected) => {
  const image = ctImage(value('00100020', 'LO', 'PT88204'), value('00081030', 'LO', text))
  const { dataSet: output } = readDicom(joinChunks(deidentify(image, settings).chunks))
  expect(getString(output, '00081030')).toBe(expected)
})

test('nothing stays of a date that is none', () => {
  const { chunks } = deidentify(ctImage(value('00080021', 'DA', '20240230')), settings)
  expect(getString(readDicom(joinChunks(chunks)).dataSet, '00080021')).toBe('19000101')
})

test('a UID that is none never comes through, and cannot lead out of a folder', () => {
  const retaining = { profile: loadProfile('name: r\nversion: 1\noptions: [retain-uids]\n'), vault }
  const escape = ctImage(value('00080018', 'UI', '../../../../tmp/escaped'))
  expect(thrownBy(() => deidentify(escape, retaining))).toMatchObject({ code: 'DEID_NO_UID' })
  for (const uid of ['1.2.840.10008./../../escaped', '1.2.840.10008.19630417']) {
    const { sopInstanceUid } = deidentify(ctImage(value('00080018', 'UI', uid)), settings)
    expect(sopInstanceUid).toMatch(/^2\.25\.\d+$/)
  }
})

function thrownBy(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}

describe('the check', () => {
  test('takes what we made and refuses what we took', () => {
    expect(checkClean(cleanBytes, checkSettings).isClean).toBe(true)
    const raw = checkClean(ctImage(), checkSettings)
    expect(raw.isClean).toBe(false)
    expect(JSON.stringify(raw)).not.toContain(CANARY)
  })

  test.each<[string, string, Element]>([
    ['an accession number', 'MUST_BE_EMPTY', value('00080050', 'SH', CANARY)],
    ['an institution', 'MUST_BE_ABSENT', value('00080080', 'LO', CANARY)],
    ['a private element', 'MUST_BE_ABSENT', value('00110010', 'LO', CANARY)],
    ['a name', 'NOT_A_PSEUDONYM', value('00100010', 'PN', CANARY)],
    ['an original UID', 'MUST_BE_DERIVED_UID', value('00200052', 'UI', '1.2.3')],
    ['no attestation', 'NOT_ATTESTED', value('00120062', 'CS', 'NO')],
    ['an overlay', 'MUST_BE_ABSENT', value('60003000', 'OW', new Uint8Array(8))],
  ])('%s put back → %s', (_name, code, element) => {
    const spoiled = writeDicom({
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      dataSet: dataSet([...clean.values(), element]),
    })
    const result = checkClean(spoiled, checkSettings)
    expect(result.isClean ? [] : result.findings.map((finding) => finding.code)).toContain(code)
  })

  test('a preamble with content is a finding', () => {
    const spoiled = Uint8Array.from(cleanBytes)
    spoiled[5] = 65
    expect(checkClean(spoiled, checkSettings).isClean).toBe(false)
  })
})

test('nobody looks at an object without pixels, nor does it say that anybody did', () => {
  const report = writeDicom({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    dataSet: dataSet([
      value('00080016', 'UI', ENHANCED_SR),
      value('00080018', 'UI', '1.2.3.4.5'),
      value('00080060', 'CS', 'SR'),
      value('00100020', 'LO', CANARY),
      value('0020000D', 'UI', '1.2.3.4'),
      value('0020000E', 'UI', '1.2.3.4.1'),
      // What an object claims that went through other hands.
      value('00280301', 'CS', 'NO'),
      sequence('00120064', [dataSet([value('00080100', 'SH', '113101')])]),
    ]),
  })
  const bare = readDicom(report).dataSet
  const plain = writeDicom({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    dataSet: dataSet(
      [...bare.values()].filter(({ tag }) => tag !== '00120064' && tag !== '00280301'),
    ),
  })
  const settings = { profile: loadProfile('research-longitudinal'), vault }
  for (const each of [report, plain]) {
    const clean = joinChunks(deidentify(each, settings, { regions: [] }).chunks)
    expect(checkClean(clean, { ...settings, format: FORMAT })).toMatchObject({
      isClean: true,
      instance: { pixels: 'none' },
    })
  }
  const { dataSet: said } = readDicom(
    joinChunks(deidentify(plain, settings, { regions: [] }).chunks),
  )
  const codes = getItems(said, '00120064').map((item) => getString(item, '00080100'))
  expect(codes).not.toContain('113101')
  expect(said.has('00280301')).toBe(false)
})

test('the same key gives the same bytes, another key other UIDs', () => {
  const again = deidentify(ctImage(), { profile, vault: openVault(KEY, FORMAT) })
  expect(joinChunks(again.chunks)).toEqual(cleanBytes)
  const otherVault = openVault(new Uint8Array(32).fill(1), FORMAT)
  const other = deidentify(ctImage(), { profile, vault: otherVault })
  expect(other.sopInstanceUid).not.toBe(again.sopInstanceUid)
})

test.skipIf(!existsSync(LIDC) && process.env['CI'] !== 'true')(
  'the LIDC series: every file becomes clean, pixels as they were, one subject',
  () => {
    const pseudonyms = new Set<string>()
    for (const name of readdirSync(LIDC)) {
      const original = readFileSync(join(LIDC, name))
      const result = deidentify(original, settings)
      const bytes = joinChunks(result.chunks)
      expect(checkClean(bytes, checkSettings)).toMatchObject({ isClean: true })
      expect(checkClean(original, checkSettings).isClean).toBe(false)
      const pixels = (file: Uint8Array) => {
        const element = readDicom(file).dataSet.get('7FE00010')
        return element?.kind === 'value' ? Buffer.from(element.bytes).toString('base64') : ''
      }
      expect(pixels(bytes) === pixels(original)).toBe(true)
      pseudonyms.add(result.pseudonym)
    }
    expect(pseudonyms.size).toBe(1)
  },
)
