/** Pixels of labelmaps against the segments that are described (PS3.3 C.8.20.2; RELIABILITY F30). */
import { beforeAll, expect, test } from 'vitest'
import {
  DicomError,
  dataSet,
  type Element,
  readDicom,
  sequence,
  value,
  writeDicom,
} from '../dicom/index.ts'
import { loadFrameCodecs } from '../node/frame-codecs.ts'
import { checkLabels } from './labels.ts'
import type { FrameCodecs } from './model.ts'

const EXPLICIT = '1.2.840.10008.1.2.1'
const RLE = '1.2.840.10008.1.2.5'
const LABEL_MAP = '1.2.840.10008.5.1.4.1.1.66.7'

let codecs: FrameCodecs
beforeAll(async () => {
  codecs = await loadFrameCodecs()
})

interface Options {
  readonly bits?: 8 | 16
  readonly segments?: readonly number[]
  readonly padding?: number
  readonly sopClass?: string
  readonly type?: string
  readonly rows?: number
  readonly isEncoded?: boolean
}

/** Two frames of 2 × 2. */
function labelmap(pixels: readonly number[], options: Options = {}): Uint8Array {
  const { bits = 8, segments = [1, 2], padding, rows = 2, isEncoded = false } = options
  const bytes = new Uint8Array(bits === 8 ? pixels : new Uint8Array(new Uint16Array(pixels).buffer))
  const elements: (Element | undefined)[] = [
    value('00080016', 'UI', options.sopClass ?? LABEL_MAP),
    value('00280002', 'US', 1),
    value('00280004', 'CS', 'MONOCHROME2'),
    value('00280008', 'IS', 2),
    value('00280010', 'US', rows),
    value('00280011', 'US', 2),
    value('00280100', 'US', bits),
    value('00280101', 'US', bits),
    value('00280102', 'US', bits - 1),
    value('00280103', 'US', 0),
    padding === undefined ? undefined : value('00280120', 'US', padding),
    value('00620001', 'CS', options.type ?? 'LABELMAP'),
    sequence(
      '00620002',
      segments.map((number) => dataSet([value('00620004', 'US', number)])),
    ),
  ]
  const described = elements.filter((element) => element !== undefined)
  const native: Element = { kind: 'value', tag: '7FE00010', vr: bits === 8 ? 'OB' : 'OW', bytes }
  if (!isEncoded) {
    return writeDicom({ transferSyntaxUid: EXPLICIT, dataSet: dataSet([...described, native]) })
  }
  const fragments = [0, 1].map((at) => encoded(bytes, at, bits))
  const pixelData: Element = {
    kind: 'fragments',
    tag: '7FE00010',
    vr: 'OB',
    offsetTable: new Uint8Array(),
    fragments,
  }
  return writeDicom({ transferSyntaxUid: RLE, dataSet: dataSet([...described, pixelData]) })
}

function encoded(bytes: Uint8Array, at: number, bits: number): Uint8Array<ArrayBuffer> {
  const length = bits / 2
  const frame = bytes.slice(at * length, (at + 1) * length)
  const shape = {
    rows: 2,
    columns: 2,
    samplesPerPixel: 1 as const,
    bitsAllocated: bits as 8 | 16,
    bitsStored: bits,
    highBit: bits - 1,
    isSigned: false,
    isFloat: false,
    isPlanar: false,
    photometricInterpretation: 'MONOCHROME2',
  }
  return new Uint8Array(codecs.encode(RLE, { bytes: frame, shape }) ?? [])
}

const NONE = 'DICOM_SEGMENTS: a pixel is of a segment that is not described'
test.each<[string, readonly number[], Options, string | undefined]>([
  ['described ones and 0', [0, 1, 2, 0, 1, 1, 2, 2], {}, undefined],
  ['one that is not', [0, 1, 2, 0, 1, 3, 2, 2], {}, NONE],
  ['one that is not, in the last pixel', [0, 0, 0, 0, 0, 0, 0, 255], {}, NONE],
  ['no segment at all', [0, 0, 0, 0, 0, 0, 0, 1], { segments: [] }, NONE],
  ['padding', [0, 255, 1, 0, 0, 0, 0, 2], { padding: 255 }, undefined],
  ['16 bits', [0, 300, 1, 0, 0, 0, 0, 300], { bits: 16, segments: [1, 300] }, undefined],
  ['16 bits, one that is not', [0, 300, 1, 0, 0, 0, 0, 44], { bits: 16, segments: [1, 300] }, NONE],
  ['RLE', [0, 1, 2, 0, 1, 1, 2, 2], { isEncoded: true }, undefined],
  ['RLE, one that is not', [0, 1, 2, 0, 1, 1, 2, 3], { isEncoded: true }, NONE],
  [
    'RLE of 16 bits, one that is not',
    [0, 1, 2, 0, 1, 1, 2, 258],
    { isEncoded: true, bits: 16 },
    NONE,
  ],
  ['the kind by its class alone', [0, 0, 0, 0, 0, 0, 0, 9], { type: 'BINARY' }, NONE],
  ['the kind by its type alone', [0, 0, 0, 0, 0, 0, 0, 9], { sopClass: '1.2.3' }, NONE],
  ['another kind', [0, 0, 0, 0, 0, 0, 0, 9], { sopClass: '1.2.3', type: 'FRACTIONAL' }, undefined],
  [
    'a segment that no pixel can be of',
    [0, 0, 0, 0, 0, 0, 0, 1],
    { segments: [1, 300] },
    'DICOM_SEGMENTS: (00620004) is no value of a pixel',
  ],
])('%s', (_what, pixels, options, expected) => {
  const bytes = labelmap(pixels, options)
  let message: string | undefined
  try {
    checkLabels(bytes, readDicom(bytes), codecs)
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
    ;({ message } = error)
  }
  expect(message).toBe(expected)
})

test('65,535² pixels a frame are refused before anything is reserved for them', () => {
  const small = readDicom(labelmap([0, 1, 2, 0, 1, 1, 2, 2], { isEncoded: true }))
  const huge = dataSet([
    ...small.dataSet.values(),
    value('00280010', 'US', 65_535),
    value('00280011', 'US', 65_535),
  ])
  const before = process.memoryUsage().rss
  expect(() => {
    checkLabels(new Uint8Array(), { ...small, dataSet: huge }, codecs)
  }).toThrow('DICOM_TOO_LARGE: a frame of the labelmap is too large')
  expect(process.memoryUsage().rss - before).toBeLessThan(50 * 1024 ** 2)
})
