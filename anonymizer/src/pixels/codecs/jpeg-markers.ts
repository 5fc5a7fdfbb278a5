/**
 * Marker segments of JPEG (ISO/IEC 10918-1 annex B) and JPEG-LS (ISO/IEC 14495-1 annex C) up to the
 * first scan, read strictly. In: a code stream. Out: its frame header and where things are.
 */
import { refuse } from './refuse.ts'
import type { StreamSize } from './stream-size.ts'

export interface Segment {
  /** The byte after FF. */
  readonly marker: number
  /** Without marker and length. */
  readonly content: Uint8Array
  /** Offset of the marker. */
  readonly start: number
  /** Offset behind the segment. */
  readonly end: number
}

export interface JpegHeader extends StreamSize {
  /** C0 baseline, C1 extended, C3 lossless, F7 JPEG-LS and others. */
  readonly process: number
  readonly componentIds: readonly number[]
  /** Horizontal and vertical sampling factors. */
  readonly sampling: readonly (readonly [number, number])[]
  readonly quantization: readonly number[]
  /** All before the first scan, without SOI. */
  readonly segments: readonly Segment[]
  readonly firstScan: Segment
}

const SOI = 0xd8
export const SOS = 0xda
export const DHT = 0xc4
const JPG = 0xc8
const DAC = 0xcc
const SOF55 = 0xf7
const MAX_SEGMENTS = 1000

export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) refuse('the frame is no JPEG code stream')
  const segments: Segment[] = []
  let at = 2
  for (;;) {
    const segment = readSegment(bytes, at)
    if (segment.marker === SOS) return { ...frameHeader(segments), segments, firstScan: segment }
    segments.push(segment)
    if (segments.length > MAX_SEGMENTS) refuse('the code stream has too many segments')
    at = segment.end
  }
}

/** The segment at `at`, fill bytes before it skipped. */
export function readSegment(bytes: Uint8Array, at: number): Segment {
  let start = at
  while (bytes[start] === 0xff && bytes[start + 1] === 0xff) start++
  const marker = bytes[start + 1]
  if (bytes[start] !== 0xff || marker === undefined) refuse('the code stream ends too early')
  const length = (bytes[start + 2] ?? 0) * 256 + (bytes[start + 3] ?? 0)
  const end = start + 2 + length
  if (length < 2 || end > bytes.length) refuse('a segment is longer than the code stream')
  return { marker, content: bytes.subarray(start + 4, end), start, end }
}

function isFrameHeader(marker: number): boolean {
  const isSof = marker >= 0xc0 && marker <= 0xcf
  return marker === SOF55 || (isSof && ![DHT, JPG, DAC].includes(marker))
}

function frameHeader(segments: readonly Segment[]): Omit<JpegHeader, 'segments' | 'firstScan'> {
  const [header, second] = segments.filter(({ marker }) => isFrameHeader(marker))
  if (header === undefined || second !== undefined) {
    refuse('the code stream does not have one frame header')
  }
  const { content } = header
  const components = content[5] ?? 0
  if (content.length !== 6 + 3 * components) refuse('the frame header is malformed')
  const each = Array.from({ length: components }, (_, at) => content.subarray(6 + 3 * at))
  return {
    process: header.marker,
    precision: content[0] ?? 0,
    height: (content[1] ?? 0) * 256 + (content[2] ?? 0),
    width: (content[3] ?? 0) * 256 + (content[4] ?? 0),
    components,
    componentIds: each.map(([id]) => id ?? 0),
    sampling: each.map(([, factors]) => [(factors ?? 0) >> 4, (factors ?? 0) & 15]),
    quantization: each.map(([, , table]) => table ?? 0),
  }
}
