/** Transfer syntaxes that are read and written as another, and files that are read in parts. */
import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  type ByteSource,
  createKnownElements,
  dataSet,
  type Element,
  encodePieces,
  getNumber,
  getNumbers,
  getString,
  joinChunks,
  loadElement,
  readDicom,
  sequence,
  value,
  writeDicom,
} from './index.ts'

const EXPLICIT = '1.2.840.10008.1.2.1'
const DEFLATED = '1.2.840.10008.1.2.1.99'
const BIG_ENDIAN = '1.2.840.10008.1.2.2'
const JPEG = '1.2.840.10008.1.2.4.50'

const pixels = Uint8Array.from({ length: 2 * 300 * 300 }, (_, at) => (at * 7) % 251)
const image = (own: readonly Element[] = []) =>
  dataSet([
    value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.2'),
    value('00080018', 'UI', '1.2.3'),
    sequence('00081140', [dataSet([value('00081155', 'UI', '1.2.9')])]),
    value('00100010', 'PN', 'Kim^Minsu'),
    value('00280002', 'US', 1),
    value('00280009', 'AT', ['00181063']),
    value('00280010', 'US', 300),
    value('00280011', 'US', 300),
    value('00280100', 'US', 16),
    value('00720074', 'FD', [1.5, -2]),
    value('7FE00010', 'OW', pixels),
    ...own,
  ])

/** A source that counts what it was asked for. */
function sourceOf(bytes: Uint8Array): ByteSource & { readonly asked: () => number } {
  let total = 0
  return {
    size: bytes.length,
    read: (offset, length) => {
      total += length
      return Uint8Array.from(bytes.subarray(offset, offset + length))
    },
    asked: () => total,
  }
}

function joined(bytes: Uint8Array, pieces: ReturnType<typeof encodePieces>): Uint8Array {
  return joinChunks(
    pieces.map((piece) =>
      piece instanceof Uint8Array
        ? piece
        : bytes.subarray(piece.offset, piece.offset + piece.length),
    ),
  )
}

/** Explicit VR big endian of elements of plain values: what scanners of the nineties wrote. */
function bigEndian(elements: Iterable<Element>): Uint8Array {
  const size: Record<string, number> = { US: 2, AT: 2, OW: 2, FD: 8 }
  const parts: Uint8Array[] = []
  for (const element of elements) {
    if (element.kind !== 'value') continue
    const { tag, vr, bytes } = element
    const isLong = ['OW', 'OB', 'UN'].includes(vr)
    const header = Buffer.alloc(isLong ? 12 : 8)
    header.writeUInt32BE(Number.parseInt(tag, 16), 0)
    header.write(vr, 4, 'latin1')
    if (isLong) header.writeUInt32BE(bytes.length, 8)
    else header.writeUInt16BE(bytes.length, 6)
    const turned = Buffer.from(bytes)
    if (size[vr] === 2) turned.swap16()
    if (size[vr] === 8) turned.swap64()
    parts.push(header, turned)
  }
  return joinChunks(parts)
}

/** A file of our own, whose data set is put in another encoding. */
function fileOf(transferSyntaxUid: string, body: Uint8Array): Uint8Array {
  const empty = writeDicom({ transferSyntaxUid: EXPLICIT, dataSet: new Map() })
  const meta = readDicom(empty).meta
  const elements = [...meta.values()].filter(({ tag }) => tag !== '00020000')
  const own = dataSet([...elements, value('00020010', 'UI', transferSyntaxUid)])
  const written = writeDicom({ transferSyntaxUid: EXPLICIT, dataSet: own })
  // What was written as a data set is the meta information of this one.
  const start = empty.length
  const head = new Uint8Array(132)
  head.set([0x44, 0x49, 0x43, 0x4d], 128)
  return joinChunks([head, written.subarray(start), body])
}

const explicitFile = writeDicom({ transferSyntaxUid: EXPLICIT, dataSet: image() })
const explicitBody = explicitFile.subarray(
  writeDicom({ transferSyntaxUid: EXPLICIT, dataSet: dataSet([...image().values()].slice(0, 2)) })
    .length - bodyLength([...image().values()].slice(0, 2)),
)
function bodyLength(elements: readonly Element[]): number {
  return elements.reduce(
    (sum, element) => sum + 8 + (element.kind === 'value' ? element.bytes.length : 0),
    0,
  )
}

describe('transfer syntaxes that are written as explicit VR little endian', () => {
  test('big endian: numbers, tags and pixel words are turned round (PS3.5 7.3)', () => {
    const plain = [...image().values()].filter(({ kind }) => kind === 'value')
    const file = readDicom(fileOf(BIG_ENDIAN, bigEndian(plain)))
    expect(getNumber(file.dataSet, '00280010')).toBe(300)
    expect(getNumbers(file.dataSet, '00720074')).toEqual([1.5, -2])
    expect(getString(file.dataSet, '00100010')).toBe('Kim^Minsu')
    expect(writeDicom(file)).toEqual(
      writeDicom({ transferSyntaxUid: EXPLICIT, dataSet: dataSet(plain) }),
    )
  })

  test('deflated: the same as without', () => {
    const file = readDicom(fileOf(DEFLATED, deflateRawSync(explicitBody)))
    expect(writeDicom(file)).toEqual(explicitFile)
  })

  test('deflated, read in parts: the same', () => {
    const file = readDicom(sourceOf(fileOf(DEFLATED, deflateRawSync(explicitBody))))
    expect(writeDicom(file)).toEqual(explicitFile)
  })

  test.each([
    ['grows more than 200 times', deflateRawSync(new Uint8Array(64 << 20)), 'DICOM_TOO_LARGE'],
    ['is cut off', deflateRawSync(explicitBody).subarray(0, 500), 'DICOM_TRUNCATED'],
    ['is no deflate', new Uint8Array(2_000).fill(0xff), 'DICOM_TRUNCATED'],
    ['is empty', new Uint8Array(), 'DICOM_TRUNCATED'],
  ])('a deflated data set that %s is refused', (_, body, code) => {
    const start = process.cpuUsage()
    expect(() => readDicom(fileOf(DEFLATED, body))).toThrow(expect.objectContaining({ code }))
    const { user, system } = process.cpuUsage(start)
    expect(user + system).toBeLessThan(2_000_000)
  })
})

describe('a file that is read in parts', () => {
  test('native pixel data stay where they are, and the output is the same', () => {
    const source = sourceOf(explicitFile)
    const file = readDicom(source)
    const stored = file.dataSet.get('7FE00010')
    expect(stored).toMatchObject({ kind: 'stored', spans: [{ length: pixels.length }] })
    expect(source.asked()).toBeLessThanOrEqual(2 * 65_536)
    expect(joined(explicitFile, encodePieces(file))).toEqual(explicitFile)
    if (stored?.kind !== 'stored') throw new Error('not stored')
    expect(loadElement(stored, source)).toEqual(value('7FE00010', 'OW', pixels))
  })

  test('fragments stay where they are, several for a frame', () => {
    const fragments = [pixels.slice(0, 70_000), pixels.slice(0, 10), pixels.slice(0, 90_001)]
    const bytes = writeDicom({
      transferSyntaxUid: JPEG,
      dataSet: dataSet([
        ...image().values(),
        {
          kind: 'fragments',
          tag: '7FE00010',
          vr: 'OB',
          offsetTable: new Uint8Array(4),
          fragments,
        },
        value('FFFCFFFC', 'OB', new Uint8Array(2)),
      ]),
    })
    const source = sourceOf(bytes)
    const file = readDicom(source)
    const stored = file.dataSet.get('7FE00010')
    if (stored?.kind !== 'stored') throw new Error('not stored')
    expect(joined(bytes, encodePieces(file))).toEqual(bytes)
    expect(loadElement(stored, source)).toEqual(readDicom(bytes).dataSet.get('7FE00010'))
    expect(source.asked()).toBeLessThan(6 * 65_536)
  })

  test('elements lie across the edges of what is read at once', () => {
    for (let bytes = 65_000; bytes < 65_500; bytes += 2) {
      const elements = [
        value('00091010', 'OB', new Uint8Array(bytes)),
        sequence('00091011', [dataSet([value('00091012', 'US', 7)])]),
        value('00091013', 'OB', new Uint8Array(4)),
      ]
      const file = writeDicom({ transferSyntaxUid: EXPLICIT, dataSet: dataSet(elements) })
      expect(readDicom(sourceOf(file))).toEqual(readDicom(file))
    }
  })

  test('it is refused when it holds more besides pixel data than allowed', () => {
    const element = value('00091010', 'OB', new Uint8Array(60 << 20))
    const elements = Array.from({ length: 5 }, (_, at) => ({ ...element, tag: `0009101${at}` }))
    const bytes = writeDicom({ transferSyntaxUid: EXPLICIT, dataSet: dataSet(elements) })
    expect(() => readDicom(sourceOf(bytes))).toThrow(
      expect.objectContaining({ code: 'DICOM_TOO_LARGE' }),
    )
  })
})

describe('values and their VR', () => {
  test.each<[string, Element, string | undefined]>([
    ['FD of two bytes where PS3.6 says US', fd('00540051'), 'US'],
    ['FD of two bytes of a private attribute', fd('00111001'), 'UN'],
    ['DS of more than 64 KiB, written as UN', long('30060050'), 'DS'],
    ['the same where nobody knows the attribute', long('00111001'), 'UN'],
  ])('%s', (_name, element, vr) => {
    const bytes = writeDicom({ transferSyntaxUid: EXPLICIT, dataSet: image([element]) })
    const read = readDicom(bytes).dataSet.get(element.tag)
    expect(read).toMatchObject({ vr })
    expect(read?.kind === 'value' && Buffer.from(read.bytes).equals(bytesOf(element))).toBe(true)
  })
})

function fd(tag: string): Element {
  return { kind: 'value', tag, vr: 'FD', bytes: Uint8Array.of(4, 0) }
}

function long(tag: string): Element {
  return value(
    tag,
    'DS',
    Array.from({ length: 20_000 }, (_, at) => at - 0.5),
  )
}

function bytesOf(element: Element): Uint8Array {
  return element.kind === 'value' ? element.bytes : new Uint8Array()
}

describe('elements that were read before', () => {
  test('become the same objects, and another value another', () => {
    const known = createKnownElements()
    const read = (name: string) =>
      readDicom(
        writeDicom({
          transferSyntaxUid: EXPLICIT,
          dataSet: image([value('00100010', 'PN', name)]),
        }),
        {},
        known,
      ).dataSet
    read('Kim^Minsu')
    const [second, third, other] = [read('Kim^Minsu'), read('Kim^Minsu'), read('Lee^Jieun')]
    expect(third.get('00100010')).toBe(second.get('00100010'))
    expect(third.get('00081140')).toBe(second.get('00081140'))
    expect(getString(other, '00100010')).toBe('Lee^Jieun')
    expect(other.get('00280010')).toBe(third.get('00280010'))
    expect(new Map(other)).toEqual(new Map(image([value('00100010', 'PN', 'Lee^Jieun')])))
  })
})
