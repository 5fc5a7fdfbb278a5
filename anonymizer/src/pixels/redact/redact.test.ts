/** Native layouts, overlays, icons and offset tables, as tables; the codecs are the real ones. */
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type DataSet,
  dataSet,
  type Element,
  getBytes,
  getItems,
  getNumber,
  getString,
  sequence,
  value,
} from '../../dicom/index.ts'
import { DeidError } from '../../errors.ts'
import { loadFrameCodecs } from '../../node/frame-codecs.ts'
import { frameBytes, grayImages, rgbaImage } from '../frames/index.ts'
import type { FrameCodecs, FrameShape, Region } from '../model.ts'
import { redactPixels } from './index.ts'

const NATIVE = '1.2.840.10008.1.2.1'
const RLE = '1.2.840.10008.1.2.5'
const JPEG_LS = '1.2.840.10008.1.2.4.80'
const JPEG_LS_LOSSY = '1.2.840.10008.1.2.4.81'

let codecs: FrameCodecs
beforeAll(async () => {
  codecs = await loadFrameCodecs()
})

interface Layout {
  rows: number
  columns: number
  samples?: 1 | 3
  bits: number
  stored?: number
  isSigned?: boolean
  planar?: 0 | 1
  interpretation: string
  frames?: number
}

function header(layout: Layout): Element[] {
  const { rows, columns, samples = 1, bits, stored = bits, interpretation } = layout
  return [
    value('00280002', 'US', samples),
    value('00280004', 'CS', interpretation),
    value('00280006', 'US', layout.planar ?? 0),
    value('00280008', 'IS', layout.frames ?? 1),
    value('00280010', 'US', rows),
    value('00280011', 'US', columns),
    value('00280100', 'US', bits),
    value('00280101', 'US', stored),
    value('00280102', 'US', stored - 1),
    value('00280103', 'US', layout.isSigned === true ? 1 : 0),
  ]
}

function image(layout: Layout, pixels: Uint8Array, ...more: Element[]): DataSet {
  return dataSet([...header(layout), value('7FE00010', 'OW', pixels), ...more])
}

function redacted(source: DataSet, regions: readonly Region[], transferSyntaxUid = NATIVE) {
  return redactPixels({ dataSet: source, transferSyntaxUid, regions, codecs })
}

function pixelsOf(source: DataSet, tag = '7FE00010'): number[] {
  return [...(getBytes(source, tag) ?? [])]
}

const CORNER: Region = { left: 0, top: 0, width: 1, height: 1, frames: 'all' }
const words = (...numbers: number[]) => new Uint8Array(Uint16Array.from(numbers).buffer)
const signed = (...numbers: number[]) => new Uint8Array(Int16Array.from(numbers).buffer)

describe('native: the darkest, in all bits, and nothing else', () => {
  const gray = 'MONOCHROME2'
  test.each<[string, Layout, Uint8Array, Uint8Array]>([
    [
      '8 bits, odd length, padded',
      { rows: 3, columns: 3, bits: 8, interpretation: gray },
      Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 7, 8, 0),
      Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 0),
    ],
    [
      '12 bits, an old overlay in the upper four',
      { rows: 1, columns: 2, bits: 16, stored: 12, interpretation: gray },
      words(0xf123, 0xf456),
      words(0, 0xf456),
    ],
    [
      'MONOCHROME1: the largest value',
      { rows: 1, columns: 2, bits: 16, stored: 12, interpretation: 'MONOCHROME1' },
      words(0xf123, 7),
      words(0x0fff, 7),
    ],
    [
      'signed: the darkest of the others',
      { rows: 1, columns: 3, bits: 16, isSigned: true, interpretation: gray },
      signed(900, -1000, 40),
      signed(-1000, -1000, 40),
    ],
    [
      'signed MONOCHROME1: the brightest number of the others',
      { rows: 1, columns: 3, bits: 16, isSigned: true, interpretation: 'MONOCHROME1' },
      signed(900, -1000, 40),
      signed(40, -1000, 40),
    ],
    [
      '32 bits',
      { rows: 1, columns: 2, bits: 32, interpretation: gray },
      new Uint8Array(Uint32Array.of(0xffffffff, 7).buffer),
      new Uint8Array(Uint32Array.of(0, 7).buffer),
    ],
    [
      'RGB by pixel',
      { rows: 1, columns: 2, samples: 3, bits: 8, interpretation: 'RGB' },
      Uint8Array.of(1, 2, 3, 4, 5, 6),
      Uint8Array.of(0, 0, 0, 4, 5, 6),
    ],
    [
      'RGB by plane',
      { rows: 1, columns: 2, samples: 3, bits: 8, planar: 1, interpretation: 'RGB' },
      Uint8Array.of(1, 2, 3, 4, 5, 6),
      Uint8Array.of(0, 2, 0, 4, 0, 6),
    ],
    [
      'YBR_FULL by plane',
      { rows: 1, columns: 2, samples: 3, bits: 8, planar: 1, interpretation: 'YBR_FULL' },
      Uint8Array.of(1, 2, 3, 4, 5, 6),
      Uint8Array.of(0, 2, 128, 4, 128, 6),
    ],
    [
      'YBR_FULL_422: both that share their chrominance',
      { rows: 1, columns: 4, samples: 3, bits: 8, interpretation: 'YBR_FULL_422' },
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      Uint8Array.of(0, 0, 128, 128, 5, 6, 7, 8),
    ],
    [
      '1 bit, frames that do not end on a byte',
      { rows: 3, columns: 3, bits: 1, frames: 2, interpretation: gray },
      Uint8Array.of(0xff, 0xff, 0x03, 0),
      Uint8Array.of(0xfe, 0xfd, 0x03, 0),
    ],
  ])('%s', (_, layout, before, after) => {
    const once = redacted(image(layout, before), [CORNER])
    expect(once.transferSyntaxUid).toBe(NATIVE)
    expect(pixelsOf(once.dataSet)).toEqual([...after])
    expect(pixelsOf(redacted(once.dataSet, [CORNER]).dataSet)).toEqual([...after])
  })

  test('float: the lowest finite number of the others', () => {
    const layout: Layout = { rows: 1, columns: 4, bits: 32, interpretation: gray }
    const floats = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer)
    const source = dataSet([
      ...header(layout),
      value('7FE00008', 'OF', floats(5, Number.NaN, -2.5, 9)),
    ])
    const { dataSet: after } = redacted(source, [CORNER])
    expect(pixelsOf(after, '7FE00008')).toEqual([...floats(-2.5, Number.NaN, -2.5, 9)])
  })

  test('palette: the entry of the darkest colour', () => {
    const layout: Layout = { rows: 1, columns: 2, bits: 8, interpretation: 'PALETTE COLOR' }
    const lut = ['1', '2', '3'].flatMap((at) => [
      value(`0028110${at}`, 'US', [3, 0, 8]),
      value(`0028120${at}`, 'OW', Uint8Array.of(200, 10, 90, 0)),
    ])
    const { dataSet: after } = redacted(image(layout, Uint8Array.of(0, 2), ...lut), [CORNER])
    expect(pixelsOf(after)).toEqual([1, 2])
  })

  test('only the frames that are named', () => {
    const layout: Layout = { rows: 1, columns: 2, bits: 8, frames: 3, interpretation: gray }
    const source = image(layout, Uint8Array.of(1, 2, 3, 4, 5, 6))
    const { dataSet: after } = redacted(source, [{ ...CORNER, frames: [3, 1] }])
    expect(pixelsOf(after)).toEqual([0, 2, 3, 4, 0, 6])
  })

  test('nothing to blank: the very data set', () => {
    const source = image(
      { rows: 1, columns: 1, bits: 8, interpretation: gray },
      Uint8Array.of(1, 0),
    )
    expect(redacted(source, []).dataSet).toBe(source)
  })

  test.each<[string, Region]>([
    ['outside', { ...CORNER, left: 2 }],
    ['of no width', { ...CORNER, width: 0 }],
    ['of parts of pixels', { ...CORNER, top: 0.5 }],
    ['in no frame', { ...CORNER, frames: [] }],
    ['in frame 0', { ...CORNER, frames: [0] }],
    ['in a frame too many', { ...CORNER, frames: [2] }],
  ])('a box %s is refused', (_, region) => {
    const layout: Layout = { rows: 1, columns: 2, bits: 8, interpretation: gray }
    expect(() => redacted(image(layout, Uint8Array.of(1, 2)), [region])).toThrow(DeidError)
  })

  test('a box that reaches beyond the image is clipped', () => {
    const layout: Layout = { rows: 2, columns: 2, bits: 8, interpretation: gray }
    const region: Region = { left: 1, top: -5, width: 9, height: 6, frames: 'all' }
    const { dataSet: after } = redacted(image(layout, Uint8Array.of(1, 2, 3, 4)), [region])
    expect(pixelsOf(after)).toEqual([1, 0, 3, 4])
  })
})

describe('what repeats the pixels', () => {
  const layout: Layout = { rows: 4, columns: 4, bits: 8, interpretation: 'MONOCHROME2' }
  const pixels = new Uint8Array(16).fill(9)
  const box: Region = { left: 0, top: 0, width: 2, height: 2, frames: 'all' }

  test('icons go at every level', () => {
    const icon = sequence('00880200', [image(layout, pixels)])
    const source = image(layout, pixels, icon, sequence('00081140', [dataSet([icon])]))
    const { dataSet: after } = redacted(source, [box])
    expect(after.has('00880200')).toBe(false)
    expect(getItems(after, '00081140')[0]?.has('00880200')).toBe(false)
  })

  test.each<[string, Element[], number[] | undefined]>([
    ['at the image origin', [value('60000050', 'SS', [1, 1])], [0xcc, 0xff]],
    ['one down, one left of it', [value('60000050', 'SS', [2, 0])], [0xf9, 0xff]],
    ['without an origin', [], [0xcc, 0xff]],
    ['over another frame', [value('60000015', 'IS', 1), value('60000051', 'US', 2)], [0xff, 0xff]],
    ['of no size', [value('60000010', 'US', 0)], undefined],
  ])('an overlay %s', (_, more, expected) => {
    const source = image(
      layout,
      pixels,
      value('60000010', 'US', 4),
      value('60000011', 'US', 4),
      value('60003000', 'OW', Uint8Array.of(0xff, 0xff)),
      ...more,
    )
    const { dataSet: after } = redacted(source, [box])
    expect(getBytes(after, '60003000')).toEqual(expected && Uint8Array.from(expected))
  })
})

describe('encapsulated', () => {
  const layout: Layout = { rows: 8, columns: 8, bits: 8, frames: 3, interpretation: 'MONOCHROME2' }
  const shape: FrameShape = {
    rows: 8,
    columns: 8,
    samplesPerPixel: 1,
    bitsAllocated: 8,
    bitsStored: 8,
    highBit: 7,
    isSigned: false,
    isFloat: false,
    isPlanar: false,
    photometricInterpretation: 'MONOCHROME2',
  }
  const frames = [1, 2, 3].map((number) => Uint8Array.from({ length: 64 }, (_, at) => at + number))

  function source(syntax: string, offsetTable: Uint8Array, split: boolean, ...more: Element[]) {
    const encoded = frames.map((bytes) => codecs.encode(syntax, { bytes, shape }) ?? bytes)
    const fragments = encoded.flatMap((bytes) =>
      split ? [bytes.slice(0, 20), bytes.slice(20)] : [bytes],
    )
    return dataSet([
      ...header(layout),
      { kind: 'fragments', tag: '7FE00010', vr: 'OB', offsetTable, fragments },
      ...more,
    ])
  }

  const table = (fragments: readonly Uint8Array[], perFrame: number) => {
    const offsets: number[] = []
    let at = 0
    fragments.forEach((fragment, index) => {
      if (index % perFrame === 0) offsets.push(at)
      at += 8 + fragment.length
    })
    return new Uint8Array(Uint32Array.from(offsets).buffer)
  }

  function fragmentsOf(set: DataSet) {
    const element = set.get('7FE00010')
    if (element?.kind !== 'fragments') return expect.unreachable('not encapsulated')
    return element
  }

  const second: Region = { ...CORNER, width: 3, frames: [2] }

  test.each([
    ['one fragment a frame, no table', false, false],
    ['one fragment a frame, a table', false, true],
    ['two fragments a frame, a table', true, true],
  ])('%s: other frames keep their bytes, the table points at frames', (_, split, hasTable) => {
    const bare = source(RLE, new Uint8Array(0), split)
    const offsets = table(fragmentsOf(bare).fragments, split ? 2 : 1)
    const before = hasTable ? source(RLE, offsets, split) : bare
    const { dataSet: after, transferSyntaxUid } = redacted(before, [second], RLE)
    expect(transferSyntaxUid).toBe(RLE)
    for (const number of [1, 3]) {
      expect(frameBytes(after, RLE, number)).toEqual(frameBytes(before, RLE, number))
    }
    const changed = codecs.decode(RLE, frameBytes(after, RLE, 2), shape).bytes
    expect([...changed]).toEqual([0, 0, 0, ...(frames[1]?.slice(3) ?? [])])
    expect(fragmentsOf(after).offsetTable).toHaveLength(hasTable ? 12 : 0)
  })

  test('several fragments and no table are refused', () => {
    const before = source(RLE, new Uint8Array(0), true)
    expect(() => redacted(before, [second], RLE)).toThrow(DeidError)
  })

  test('an extended offset table becomes a basic one', () => {
    const before = source(
      RLE,
      new Uint8Array(0),
      false,
      value('7FE00001', 'OV', new Uint8Array(24)),
      value('7FE00002', 'OV', new Uint8Array(24)),
    )
    const { dataSet: after } = redacted(before, [second], RLE)
    expect([after.has('7FE00001'), after.has('7FE00002')]).toEqual([false, false])
    expect(fragmentsOf(after).offsetTable).toEqual(table(fragmentsOf(after).fragments, 1))
  })

  test.each([
    ['nothing said', undefined, '01'],
    ['said to be lossless', '00', '00'],
    ['said to be lossy', '01', '01'],
  ])('near-lossless JPEG-LS becomes lossless; (0028,2110) %s', (_, said, expected) => {
    const lossy = said === undefined ? [] : [value('00282110', 'CS', said)]
    const before = source(JPEG_LS, new Uint8Array(0), false, ...lossy)
    const { dataSet: after, transferSyntaxUid } = redacted(before, [second], JPEG_LS_LOSSY)
    expect(transferSyntaxUid).toBe(JPEG_LS)
    expect(getString(after, '00282110')).toBe(expected)
  })

  test('what the family cannot encode exactly is stored native', () => {
    const J2K = '1.2.840.10008.1.2.4.90'
    const ybr = { ...shape, samplesPerPixel: 3, photometricInterpretation: 'RGB' } as const
    const bytes = Uint8Array.from({ length: 192 }, (_, at) => at)
    const encoded = codecs.encode(J2K, { bytes, shape: ybr })
    if (encoded === undefined) expect.unreachable('the encoder is not exact')
    const before = dataSet([
      ...header({ ...layout, samples: 3, frames: 1, interpretation: 'YBR_FULL' }),
      {
        ...{ kind: 'fragments', tag: '7FE00010', vr: 'OB', offsetTable: new Uint8Array(0) },
        fragments: [encoded],
      },
    ])
    const { dataSet: after, transferSyntaxUid } = redacted(before, [CORNER], J2K)
    expect(transferSyntaxUid).toBe(NATIVE)
    expect(pixelsOf(after)).toEqual([0, 128, 128, ...bytes.slice(3)])
    expect(getNumber(after, '00280006')).toBe(0)
    expect(getString(after, '00280004')).toBe('YBR_FULL')
  })
})

describe('what the detector and a person see', () => {
  /** A dark square of soft tissue with some bone, and one stroke of one pixel's width. */
  function slice(stroke: number, ...more: Element[]): DataSet {
    const values = Int16Array.from({ length: 64 * 64 }, (_, at) => {
      const [row, column] = [at >> 6, at & 63]
      if (row === 10 && column > 20 && column < 40) return stroke
      return column > 30 ? 1400 + ((at * 13) % 60) : -1000 + ((at * 7) % 30)
    })
    const layout: Layout = {
      ...{ rows: 64, columns: 64, bits: 16 },
      isSigned: true,
      interpretation: 'MONOCHROME2',
    }
    return image(layout, new Uint8Array(values.buffer), ...more)
  }

  test.each([
    ['the highest value', 4095],
    ['the lowest', -2048],
    ['a middle one', 200],
  ])('a stroke at %s differs from its ground in one rendering', (_, stroke) => {
    const images = grayImages(slice(stroke), NATIVE, 1, codecs)
    const best = Math.max(
      ...images.map(({ pixels }) =>
        Math.min(
          ...[25, 38].map((column) =>
            Math.abs((pixels[10 * 64 + column] ?? 0) - (pixels[12 * 64 + column] ?? 0)),
          ),
        ),
      ),
    )
    expect(images.length).toBeLessThanOrEqual(2)
    expect(best).toBeGreaterThanOrEqual(15)
  })

  test('a window of its own gives a second rendering', () => {
    const window = [value('00281050', 'DS', 200), value('00281051', 'DS', 100)]
    expect(grayImages(slice(200, ...window), NATIVE, 1, codecs)).toHaveLength(2)
  })

  test('colour as bright as its ground shows in the second rendering', () => {
    const layout: Layout = { rows: 8, columns: 8, samples: 3, bits: 8, interpretation: 'RGB' }
    // Both have a luma of 76.
    const rgb = Array.from({ length: 64 }, (_, at) => (at === 9 ? [255, 0, 0] : [0, 130, 0])).flat()
    const [luma, colour] = grayImages(image(layout, Uint8Array.from(rgb)), NATIVE, 1, codecs)
    expect(Math.abs((luma?.pixels[9] ?? 0) - (luma?.pixels[0] ?? 0))).toBeLessThan(3)
    expect(Math.abs((colour?.pixels[9] ?? 0) - (colour?.pixels[0] ?? 0))).toBeGreaterThan(100)
  })

  test('a person sees MONOCHROME1 the right way round, and colour as it is', () => {
    const gray: Layout = { rows: 1, columns: 2, bits: 8, interpretation: 'MONOCHROME1' }
    const shown = rgbaImage(image(gray, Uint8Array.of(0, 255)), NATIVE, 1, codecs)
    expect([...shown.pixels]).toEqual([255, 255, 255, 255, 0, 0, 0, 255])
    const ybr: Layout = { rows: 1, columns: 2, samples: 3, bits: 8, interpretation: 'YBR_FULL_422' }
    const red = rgbaImage(image(ybr, Uint8Array.of(76, 76, 85, 255)), NATIVE, 1, codecs)
    expect([...red.pixels]).toEqual([254, 0, 0, 255, 254, 0, 0, 255])
  })
})
