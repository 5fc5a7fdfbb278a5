/** Round trips in every syntax that is written, and code streams made to lie (hostile sizes). */
import { beforeAll, describe, expect, test } from 'vitest'
import { DeidError } from '../../errors.ts'
import { loadFrameCodecs } from '../../node/frame-codecs.ts'
import type { FrameCodecs, FrameShape } from '../model.ts'
import { readJ2kHeader } from './j2k-header.ts'

const RLE = '1.2.840.10008.1.2.5'
const JPEG = '1.2.840.10008.1.2.4.50'
const JPEG_LOSSLESS = '1.2.840.10008.1.2.4.70'
const JPEG_LS = '1.2.840.10008.1.2.4.80'
const JPEG_2000 = '1.2.840.10008.1.2.4.90'
const HTJ2K = '1.2.840.10008.1.2.4.201'
const HTJ2K_RPCL = '1.2.840.10008.1.2.4.202'

const GRAY: FrameShape = {
  rows: 37,
  columns: 53,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  isSigned: false,
  isFloat: false,
  isPlanar: false,
  photometricInterpretation: 'MONOCHROME2',
}
const COLOUR: FrameShape = {
  ...GRAY,
  samplesPerPixel: 3,
  bitsAllocated: 8,
  bitsStored: 8,
  highBit: 7,
  photometricInterpretation: 'RGB',
}

/** Smooth with noise, in the range of the shape. */
function frameOf(shape: FrameShape): Uint8Array {
  const count = shape.rows * shape.columns * shape.samplesPerPixel
  const size = shape.bitsAllocated / 8
  const bytes = new Uint8Array(count * size)
  const view = new DataView(bytes.buffer)
  let state = 1
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    const range = 2 ** shape.bitsStored
    const value = (at * 7 + (state >>> 29)) % range
    const stored = shape.isSigned ? value - range / 2 : value
    if (size === 1) view.setInt8(at, stored)
    else view.setInt16(at * 2, stored, true)
  }
  return bytes
}

let codecs: FrameCodecs
beforeAll(async () => {
  codecs = await loadFrameCodecs()
})

describe('what is encoded comes back', () => {
  const wide = { bitsStored: 16, highBit: 15 }
  test.each([
    ['RLE, 12 bits', RLE, GRAY],
    ['RLE, colour', RLE, COLOUR],
    ['RLE, colour of 16 bits', RLE, { ...COLOUR, bitsAllocated: 16, ...wide }],
    ['JPEG-LS, 12 bits', JPEG_LS, GRAY],
    ['JPEG-LS, 16 bits', JPEG_LS, { ...GRAY, ...wide }],
    ['JPEG-LS, 8 bits in 16', JPEG_LS, { ...GRAY, bitsStored: 8, highBit: 7 }],
    ['JPEG-LS, colour by pixel', JPEG_LS, COLOUR],
    ['JPEG-LS, colour by plane', JPEG_LS, { ...COLOUR, isPlanar: true }],
    ['JPEG-LS, colour of 16 bits', JPEG_LS, { ...COLOUR, bitsAllocated: 16, ...wide }],
    ['JPEG 2000, 12 bits', JPEG_2000, GRAY],
    ['JPEG 2000, 16 bits signed', JPEG_2000, { ...GRAY, ...wide, isSigned: true }],
    ['JPEG 2000, 12 bits signed', JPEG_2000, { ...GRAY, isSigned: true }],
    ['JPEG 2000, colour', JPEG_2000, COLOUR],
    ['JPEG 2000, one pixel', JPEG_2000, { ...GRAY, rows: 1, columns: 1 }],
    ['HTJ2K, 12 bits', HTJ2K, GRAY],
    ['HTJ2K, 16 bits signed', HTJ2K, { ...GRAY, ...wide, isSigned: true }],
    ['HTJ2K, colour', HTJ2K, COLOUR],
    ['HTJ2K, by resolution', HTJ2K_RPCL, GRAY],
  ] satisfies [string, string, FrameShape][])('%s', (_, syntax, shape) => {
    const bytes = frameOf(shape)
    const encoded = codecs.encode(syntax, { bytes, shape })
    if (encoded === undefined) expect.unreachable('the encoder is not exact')
    const again = codecs.decode(syntax, encoded, shape)
    // RLE has colour by plane, whatever went in.
    if (again.shape.isPlanar === shape.isPlanar) expect(again.bytes).toEqual(bytes)
    else expect(codecs.encode(syntax, again)).toEqual(encoded)
  })

  test.each([
    ['JPEG 2000, 8 bits signed', JPEG_2000, { ...GRAY, bitsStored: 8, highBit: 7, isSigned: true }],
    ['JPEG 2000, colour of 16 bits', JPEG_2000, { ...COLOUR, bitsAllocated: 16, bitsStored: 16 }],
    ['JPEG 2000, YBR', JPEG_2000, { ...COLOUR, photometricInterpretation: 'YBR_FULL' }],
    ['HTJ2K, colour of 12 bits', HTJ2K, { ...COLOUR, bitsAllocated: 16, bitsStored: 12 }],
  ] satisfies [string, string, FrameShape][])('%s is not encoded: native', (_, syntax, shape) => {
    expect(codecs.encode(syntax, { bytes: frameOf(shape), shape })).toBeUndefined()
  })
})

test('HTJ2K by resolution has that progression order and tells the lengths of its parts (PS3.5 A.4.11)', () => {
  const encoded = codecs.encode(HTJ2K_RPCL, { bytes: frameOf(GRAY), shape: GRAY })
  if (encoded === undefined) expect.unreachable('the encoder is not exact')
  const stream = Buffer.from(encoded)
  const cod = stream.indexOf(Buffer.from([0xff, 0x52]))
  // Scod, then the progression order: 2 is RPCL.
  expect(stream[cod + 5]).toBe(2)
  expect(stream.indexOf(Buffer.from([0xff, 0x55]))).toBeGreaterThan(0)
})

describe('code streams that lie', () => {
  /** SIZ of one component of 8 bits, then nothing. */
  function j2k(width: number, height: number, tile = Math.max(width, height)): Uint8Array {
    const bytes = new Uint8Array(160)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, 0xff4fff51)
    view.setUint16(4, 41)
    view.setUint32(8, width)
    view.setUint32(12, height)
    view.setUint32(24, tile)
    view.setUint32(28, tile)
    view.setUint16(40, 1)
    bytes.set([7, 1, 1], 42)
    bytes.set([0xff, 0xd9], 158)
    return bytes
  }

  /** A frame header and one scan header, then nothing. */
  function jpeg(process: number, width: number, height: number, bits = 8): Uint8Array {
    const size = [height >> 8, height & 255, width >> 8, width & 255]
    return Uint8Array.from([
      ...[0xff, 0xd8, 0xff, process, 0, 11, bits, ...size, 1, 1, 0x11, 0],
      ...[0xff, 0xda, 0, 8, 1, 1, 0, 1, 0, 0],
    ])
  }

  const small = { ...GRAY, bitsAllocated: 8, bitsStored: 8, highBit: 7 } as const
  const { columns, rows } = small
  const random = Uint8Array.from({ length: 4096 }, (_, at) => (at * 7919) >> 3)
  const scans = [...jpeg(0xc2, columns, rows)]
  for (let scan = 0; scan < 2000; scan++) scans.push(0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0)
  const repeated = [...jpeg(0xc0, columns, rows), ...scans.slice(-11 * 2000), 0xff, 0xd9]

  test.each([
    ['JPEG 2000 of 2^31 by 2^31', JPEG_2000, j2k(2 ** 31, 2 ** 31)],
    ['JPEG 2000 of 60,000 squared', JPEG_2000, j2k(60_000, 60_000)],
    ['JPEG 2000 of the right size, then nothing', JPEG_2000, j2k(columns, rows)],
    ['JPEG 2000 of tiles of one pixel', JPEG_2000, j2k(16_000, 16_000, 1)],
    ['JPEG 2000 that is none', JPEG_2000, random],
    ['HTJ2K of 60,000 squared', HTJ2K, j2k(60_000, 60_000)],
    ['HTJ2K of the right size, then nothing', HTJ2K, j2k(columns, rows)],
    ['HTJ2K that is none', HTJ2K, random],
    ['JPEG-LS of 30,000 squared', JPEG_LS, jpeg(0xf7, 30_000, 30_000)],
    ['JPEG-LS of the right size, then nothing', JPEG_LS, jpeg(0xf7, columns, rows)],
    ['JPEG of 20,000 squared', JPEG, jpeg(0xc0, 20_000, 20_000)],
    ['JPEG of the right size, then nothing', JPEG, jpeg(0xc0, columns, rows)],
    ['JPEG of 12 bits, then nothing', JPEG, jpeg(0xc1, columns, rows, 12)],
    ['progressive JPEG of 2,000 scans', JPEG, Uint8Array.from(scans)],
    ['baseline JPEG of 2,000 scans', JPEG, Uint8Array.from(repeated)],
    ['lossless JPEG without tables', JPEG_LOSSLESS, jpeg(0xc3, columns, rows)],
    ['lossless JPEG that is baseline', JPEG_LOSSLESS, jpeg(0xc0, columns, rows)],
    ['RLE of no segments', RLE, new Uint8Array(64)],
    ['nothing', JPEG_2000, new Uint8Array(0)],
  ])('%s is refused at once', (_, syntax, bytes) => {
    const start = performance.now()
    expect(() => codecs.decode(syntax, bytes, small)).toThrow(DeidError)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('cut ones are refused, and the next frame is decoded as if nothing had happened', () => {
    const shape = GRAY
    const bytes = frameOf(shape)
    for (const syntax of [JPEG_LS, JPEG_2000, HTJ2K]) {
      const encoded = codecs.encode(syntax, { bytes, shape })
      if (encoded === undefined) expect.unreachable('the encoder is not exact')
      for (const end of [60, encoded.length >> 1, encoded.length - 10]) {
        const start = performance.now()
        expect(() => codecs.decode(syntax, encoded.slice(0, end), shape)).toThrow(DeidError)
        expect(performance.now() - start).toBeLessThan(2000)
      }
      expect(codecs.decode(syntax, encoded, shape).bytes).toEqual(bytes)
    }
  })

  test('a header in boxes is found', () => {
    const inner = j2k(5, 4)
    const box = Uint8Array.from([0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20, 13, 10, 0x87, 10])
    const jp2 = Uint8Array.from([...box, 0, 0, 0, 168, 0x6a, 0x70, 0x32, 0x63, ...inner])
    expect(readJ2kHeader(jp2)).toMatchObject({ width: 5, height: 4, components: 1, precision: 8 })
  })
})
