/** What names somebody is found in every form; what only looks like numbers is not. */
import { randomBytes } from 'node:crypto'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createRawScan, total } from './raw-scan.ts'

const LIST = ['HN-0012345', 'KIM MINSU', '김민수', '7731', '']
const scan = createRawScan(LIST)
const around = (bytes: Uint8Array) => Buffer.concat([randomBytes(501), bytes, randomBytes(300)])
const utf16 = (text: string) => Buffer.from(text, 'utf16le')
const base64 = (text: string, before: number) =>
  Buffer.from(Buffer.from('x'.repeat(before) + text + 'yz').toString('base64'))
/** KS X 1001, as it stands in ISO 2022 and EUC-KR alike. */
const KOREAN = Buffer.from([0xb1, 0xe8, 0xb9, 0xce, 0xbc, 0xf6])
const zipped = (text: string) => {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50)
  header.writeUInt16LE(3, 26)
  return Buffer.concat([header, Buffer.from('a.b'), deflateRawSync(text.repeat(9))])
}

const PLANTED: readonly (readonly [string, Uint8Array])[] = [
  ['plain', Buffer.from('HN-0012345')],
  ['small letters', Buffer.from('hn-0012345')],
  ['a name in DICOM', Buffer.from('KIM^MINSU')],
  ['a name in UTF-8', Buffer.from('김민수')],
  ['a name in KS X 1001', KOREAN],
  ['UTF-16, little endian', utf16('HN-0012345')],
  ['UTF-16, big endian', utf16('김민수님').swap16()],
  ['base64, first of three', base64('HN-0012345', 0)],
  ['base64, second of three', base64('HN-0012345', 1)],
  ['base64, third of three', base64('김민수', 2)],
  ['hexadecimal', Buffer.from(Buffer.from('김민수').toString('hex'))],
  ['hexadecimal, capitals', Buffer.from(Buffer.from('KIM MINSU').toString('hex').toUpperCase())],
  ['zlib', deflateSync('x'.repeat(50) + 'HN-0012345')],
  ['gzip', gzipSync('김민수'.repeat(9))],
  ['zip', zipped('HN-0012345 and more ')],
  ['base64 in zlib', deflateSync(base64('HN-0012345', 1))],
  ['an e-mail address', Buffer.from(' minsu.kim@hospital.co.kr ')],
  ['an e-mail address in UTF-16', utf16('minsu.kim@hospital.org')],
  ['a resident number', Buffer.from(' 700101-1234567 ')],
  ['a resident number without hyphen', Buffer.from(' 7001011234567 ')],
  ['a foreigner in UTF-16', utf16('0 850230-5234567 ')],
  ['a mobile telephone', Buffer.from('(010-1234-5678)')],
  ['a telephone abroad', Buffer.from(' +82 10 1234 5678 ')],
  ['a telephone of a ward', Buffer.from(' 02-2072-0114 ')],
]

describe('the raw scan', () => {
  test('finds what is planted in every form', () => {
    const missed = PLANTED.filter(([, bytes]) => total(scan.find(around(bytes))) === 0)
    console.log(`raw scan: ${PLANTED.length - missed.length} of ${PLANTED.length} planted found`)
    expect(missed.map(([what]) => what)).toEqual([])
  })

  test('tells forms apart, and what was inside something deflated', () => {
    expect(scan.find(around(utf16('HN-0012345')))).toMatchObject({
      listed: { plain: 0, utf16: 1, base64: 0, hex: 0 },
      inflated: 0,
    })
    expect(scan.find(around(deflateSync('HN-0012345')))).toMatchObject({
      listed: { plain: 1 },
      inflated: 1,
    })
    expect(scan).toMatchObject({ searched: 3, tooShort: 1 })
  })

  test('UIDs, decimals, moments and pictures of noise are no findings', () => {
    const texts = [
      '2.25.158229534247888927147269682921077537534',
      '1.2.840.10008.5.1.4.1.1.2',
      '0.7001011234567',
      '20240131101530.123456+0900',
      '-101.0101234567',
      '12345678901234',
    ]
    for (const text of texts) expect(total(scan.find(Buffer.from(` ${text} `))), text).toBe(0)
    let found = 0
    const grey = 1_000_000
    // Eight bits, and sixteen with small values: what looks most like letters.
    for (const image of [
      randomBytes(grey).map((byte) => 32 + (byte % 95)),
      Buffer.from(Uint16Array.from(randomBytes(grey / 2), (byte) => 32 + (byte % 95)).buffer),
      randomBytes(grey),
    ]) {
      found += total(scan.find(image))
    }
    console.log(`raw scan: ${found} found in ${(3 * grey) / 1e6} MB of noise`)
    expect(found).toBeLessThanOrEqual(1)
  })
})
