/** The frame index of every layout that is admitted, and counts that are refused before anything is allocated. */
import { describe, expect, test } from 'vitest'
import {
  type DataSet,
  DicomError,
  dataSet,
  type Element,
  type FramePlace,
  framePlaces,
  readDicom,
  sequence,
  value,
  writeDicom,
} from './index.ts'

const NATIVE = '1.2.840.10008.1.2.1'
const IMPLICIT = '1.2.840.10008.1.2'
const JPEG = '1.2.840.10008.1.2.4.50'
const J2K = '1.2.840.10008.1.2.4.90'
const RLE = '1.2.840.10008.1.2.5'

interface Layout {
  rows: number
  columns: number
  bits: number
  samples?: number
  frames?: number | string
  interpretation?: string
}

function image(layout: Layout, ...pixels: Element[]): DataSet {
  const { rows, columns, bits, samples = 1, frames, interpretation = 'MONOCHROME2' } = layout
  return dataSet([
    value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.2'),
    value('00080018', 'UI', '1.2.3'),
    value('00280002', 'US', samples),
    value('00280004', 'CS', interpretation),
    ...(frames === undefined ? [] : [value('00280008', 'IS', frames)]),
    value('00280010', 'US', rows),
    value('00280011', 'US', columns),
    value('00280100', 'US', bits),
    ...pixels,
  ])
}

const native = (bytes: number, tag = '7FE00010', vr: 'OW' | 'OF' | 'OD' = 'OW') =>
  value(
    tag,
    vr,
    Uint8Array.from({ length: bytes }, (_, at) => at + 1),
  )

function encapsulated(fragments: readonly Uint8Array[], offsets: readonly number[] = []): Element {
  const offsetTable = new Uint8Array(Uint32Array.from(offsets).buffer)
  return { kind: 'fragments', tag: '7FE00010', vr: 'OB', offsetTable, fragments }
}

const extended = (tag: string, numbers: readonly number[]) =>
  value(tag, 'OV', new Uint8Array(BigUint64Array.from(numbers, BigInt).buffer))

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

/** Offsets from the first byte of the pixel data's value, so that a table can say them. */
function placesOf(source: DataSet, transferSyntaxUid: string): FramePlace[] {
  const file = writeDicom({ transferSyntaxUid, dataSet: source })
  const read = readDicom(file)
  const [pixels] = [...read.dataSet.values()].slice(-1)
  const from =
    pixels?.kind === 'fragments'
      ? (pixels.fragments[0]?.byteOffset ?? 0)
      : pixels?.kind === 'value'
        ? pixels.bytes.byteOffset
        : 0
  const isRange = (place: FramePlace): place is readonly [number, number] =>
    typeof place[0] === 'number'
  return framePlaces(file, read).map((place): FramePlace => {
    if (isRange(place)) return [place[0] - from, ...place.slice(1)] as unknown as FramePlace
    return (place as readonly (readonly [number, number])[]).map(([at, length]) => [
      at - from,
      length,
    ])
  })
}

const one = bytes('FFD8 01 FFD9 00')
const begun = bytes('FFD8 02 03')
const ended = bytes('04 05 FFD9')
const wide = { rows: 2, columns: 3, bits: 8 }
const two = { ...wide, frames: 2 }

describe('places, counted from the first byte of pixels', () => {
  test.each<[string, string, DataSet, FramePlace[]]>([
    ['no pixels', NATIVE, dataSet([value('00080018', 'UI', '1.2.3')]), []],
    ['one native frame, no (0028,0008)', NATIVE, image(wide, native(6)), [[0, 6]]],
    [
      'native frames, implicit VR',
      IMPLICIT,
      image({ ...wide, frames: 3 }, native(18)),
      [
        [0, 6],
        [6, 6],
        [12, 6],
      ],
    ],
    [
      'native frames of an odd length',
      NATIVE,
      image({ rows: 1, columns: 3, bits: 8, frames: 3 }, native(10)),
      [
        [0, 3],
        [3, 3],
        [6, 3],
      ],
    ],
    [
      'three samples of 16 bits',
      NATIVE,
      image({ rows: 1, columns: 2, bits: 16, samples: 3, frames: 2 }, native(24)),
      [
        [0, 12],
        [12, 12],
      ],
    ],
    [
      'YBR_FULL_422: chrominance halved (PS3.3 C.7.6.3.1.2)',
      NATIVE,
      image(
        { rows: 1, columns: 4, bits: 8, samples: 3, frames: 2, interpretation: 'YBR_FULL_422' },
        native(16),
      ),
      [
        [0, 8],
        [8, 8],
      ],
    ],
    [
      'one bit, frames that end on a byte',
      NATIVE,
      image({ rows: 4, columns: 4, bits: 1, frames: 2 }, native(4)),
      [
        [0, 2],
        [2, 2],
      ],
    ],
    [
      'one bit, packed across bytes (PS3.5 8.1.1)',
      NATIVE,
      image({ rows: 3, columns: 3, bits: 1, frames: 3 }, native(4)),
      [
        [0, 2, 0, 9],
        [1, 2, 1, 9],
        [2, 2, 2, 9],
      ],
    ],
    [
      'one bit, one frame: what follows is padding',
      NATIVE,
      image({ rows: 3, columns: 3, bits: 1 }, native(2)),
      [[0, 2]],
    ],
    [
      'twelve bits allocated, packed',
      NATIVE,
      image({ rows: 1, columns: 1, bits: 12, frames: 2 }, native(4)),
      [
        [0, 2, 0, 12],
        [1, 2, 4, 12],
      ],
    ],
    [
      'Float Pixel Data (7FE0,0008)',
      NATIVE,
      image({ rows: 1, columns: 2, bits: 32, frames: 2 }, native(16, '7FE00008', 'OF')),
      [
        [0, 8],
        [8, 8],
      ],
    ],
    [
      'Double Float Pixel Data (7FE0,0009)',
      NATIVE,
      image({ rows: 1, columns: 2, bits: 64, frames: 2 }, native(32, '7FE00009', 'OD')),
      [
        [0, 16],
        [16, 16],
      ],
    ],
    ['one fragment', JPEG, image(wide, encapsulated([one])), [[0, 6]]],
    [
      'one frame of several fragments',
      JPEG,
      image(wide, encapsulated([begun, ended])),
      [
        [
          [0, 4],
          [12, 4],
        ],
      ],
    ],
    [
      'one fragment each, no table',
      RLE,
      image(two, encapsulated([one, ended])),
      [
        [0, 6],
        [14, 4],
      ],
    ],
    [
      'several fragments, Basic Offset Table (PS3.5 A.4)',
      RLE,
      image(two, encapsulated([one, begun, ended], [0, 14])),
      [
        [0, 6],
        [
          [14, 4],
          [26, 4],
        ],
      ],
    ],
    [
      'Extended Offset Table: padding is no part of the frame',
      JPEG,
      image(
        two,
        extended('7FE00001', [0, 14]),
        extended('7FE00002', [5, 4]),
        encapsulated([one, ended]),
      ),
      [
        [0, 5],
        [14, 4],
      ],
    ],
    [
      'Extended Offset Table, a frame of two fragments',
      J2K,
      image(
        two,
        extended('7FE00001', [0, 24]),
        extended('7FE00002', [8, 6]),
        encapsulated([begun, ended, one]),
      ),
      [
        [
          [0, 4],
          [12, 4],
        ],
        [24, 6],
      ],
    ],
    [
      'no table: JPEG begins with SOI and ends with EOI',
      JPEG,
      image(two, encapsulated([begun, ended, one])),
      [
        [
          [0, 4],
          [12, 4],
        ],
        [24, 6],
      ],
    ],
    [
      'no table: SOI within a frame begins none',
      JPEG,
      image({ ...wide, frames: 2 }, encapsulated([begun, begun, ended, one])),
      [
        [
          [0, 4],
          [12, 4],
          [24, 4],
        ],
        [36, 6],
      ],
    ],
    [
      'no table: JPEG 2000 begins with SOC, padded with FF',
      J2K,
      image(two, encapsulated([bytes('FF4F 01 02'), bytes('03 FFD9 FF'), bytes('FF4F FFD9')])),
      [
        [
          [0, 4],
          [12, 4],
        ],
        [24, 4],
      ],
    ],
  ])('%s', (_name, transferSyntaxUid, source, places) => {
    expect(placesOf(source, transferSyntaxUid)).toEqual(places)
  })
})

/** Frames of 8 bits, one for each of the segment numbers `shown`. */
function segmentation(described: readonly number[], shown: readonly number[]): DataSet {
  const numbered = (tag: string, number: number) => dataSet([value(tag, 'US', number)])
  return image(
    { ...wide, frames: shown.length },
    sequence(
      '00620002',
      described.map((number) => numbered('00620004', number)),
    ),
    sequence(
      '52009230',
      shown.map((number) => dataSet([sequence('0062000A', [numbered('0062000B', number)])])),
    ),
    native(6 * shown.length),
  )
}

describe('refused before allocation', () => {
  const huge = { rows: 65_535, columns: 65_535, bits: 16 }
  test.each<[string, string, DataSet, string]>([
    [
      '2147483647 frames',
      NATIVE,
      image({ ...wide, frames: 2_147_483_647 }, native(6)),
      'DICOM_FRAMES',
    ],
    [
      '2147483647 frames without pixels',
      NATIVE,
      image({ ...wide, frames: 2_147_483_647 }),
      'DICOM_FRAMES',
    ],
    ['no frame', NATIVE, image({ ...wide, frames: 0 }, native(6)), 'DICOM_FRAMES'],
    ['minus one frame', NATIVE, image({ ...wide, frames: -1 }, native(6)), 'DICOM_FRAMES'],
    ['1e9 frames', NATIVE, image({ ...wide, frames: '1e9' }, native(6)), 'DICOM_FRAMES'],
    ['half a frame', NATIVE, image({ ...wide, frames: '0.5' }, native(6)), 'DICOM_FRAMES'],
    ['frames as a word', NATIVE, image({ ...wide, frames: 'many' }, native(6)), 'DICOM_FRAMES'],
    ['65535 by 65535 of few bytes', NATIVE, image(huge, native(6)), 'DICOM_PIXEL_LENGTH'],
    [
      'more frames than bytes',
      NATIVE,
      image({ ...wide, frames: 20_000 }, native(6)),
      'DICOM_PIXEL_LENGTH',
    ],
    ['no (0028,0008) and bytes of two', NATIVE, image(wide, native(12)), 'DICOM_PIXEL_LENGTH'],
    ['no rows', NATIVE, image({ ...wide, rows: 0 }, native(6)), 'DICOM_PIXEL_LENGTH'],
    [
      'Float Pixel Data too short',
      NATIVE,
      image({ ...wide, bits: 32, frames: 100 }, native(24, '7FE00008', 'OF')),
      'DICOM_PIXEL_LENGTH',
    ],
    [
      'pixels twice',
      NATIVE,
      image({ rows: 1, columns: 1, bits: 32 }, native(4, '7FE00008', 'OF'), native(4)),
      'DICOM_PIXEL_LENGTH',
    ],
    ['more frames than fragments', JPEG, image(two, encapsulated([one])), 'DICOM_FRAMES'],
    [
      'RLE of several fragments, no table',
      RLE,
      image(two, encapsulated([one, begun, ended])),
      'DICOM_FRAMES',
    ],
    [
      'a table that points between fragments',
      JPEG,
      image(two, encapsulated([one, begun, ended], [0, 13])),
      'DICOM_FRAMES',
    ],
    [
      'a table that does not begin at zero',
      JPEG,
      image(two, encapsulated([one, begun, ended], [14, 26])),
      'DICOM_FRAMES',
    ],
    [
      'a table of other frames',
      JPEG,
      image(two, encapsulated([one, begun, ended], [0])),
      'DICOM_FRAMES',
    ],
    [
      'more code streams than frames',
      JPEG,
      image(two, encapsulated([one, one, one])),
      'DICOM_FRAMES',
    ],
    [
      'fewer code streams than frames',
      JPEG,
      image(two, encapsulated([begun, ended, ended])),
      'DICOM_FRAMES',
    ],
    ['a frame without a byte', JPEG, image(two, encapsulated([one, bytes('')])), 'DICOM_FRAMES'],
    [
      'fewer items of functional groups than frames',
      NATIVE,
      image({ ...wide, frames: 2 }, sequence('52009230', [dataSet([])]), native(12)),
      'DICOM_FRAMES',
    ],
    ['segment 9 of two', NATIVE, segmentation([1, 2], [1, 9]), 'DICOM_SEGMENTS'],
    ['segment 0 of two', NATIVE, segmentation([1, 2], [0, 1]), 'DICOM_SEGMENTS'],
    ['segment 1 twice', NATIVE, segmentation([1, 1], [1, 1]), 'DICOM_SEGMENTS'],
    ['segments 1 and 2', NATIVE, segmentation([1, 2], [2, 1]), 'none'],
  ])('%s', (_name, transferSyntaxUid, source, code) => {
    const file = writeDicom({ transferSyntaxUid, dataSet: source })
    const before = process.memoryUsage().rss
    expect(codeOf(() => framePlaces(file, readDicom(file)))).toBe(code)
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024)
  })
})

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof DicomError ? error.code : String(error)
  }
}
