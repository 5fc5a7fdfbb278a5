/**
 * An instance in another transfer syntax (PS3.5 section 10): explicit little endian, or HTJ2K without a
 * loss. Frame by frame, so that a file of many frames costs the memory of one, and of what became of it.
 */
import {
  type ByteSource,
  dataSet as buildDataSet,
  type DataSet,
  type DicomFile,
  type Element,
  EXPLICIT_VR_LITTLE_ENDIAN,
  encodePieces,
  isEncapsulated,
  value,
} from '../dicom/index.ts'
import { interleave } from './codecs/layout.ts'
import { refuse } from './codecs/refuse.ts'
import { frameAlone } from './frames/alone.ts'
import { decodedFrame } from './frames/bytes.ts'
import { frameBitsOf, frameCountOf, PIXEL_DATA, pixelTagOf } from './frames/shape.ts'
import type { DecodedFrame, FrameCodecs } from './model.ts'

export interface Transcoding {
  /** The file's bytes in order; a frame's become known when it is asked for. */
  readonly pieces: Iterable<Uint8Array>
  /** Where the frames lie in it; complete when all pieces were taken. */
  readonly frames: readonly (readonly [offset: number, length: number])[]
}

/** One frame of the instance in that transfer syntax. */
export function transcodeFrame(
  file: DicomFile,
  input: Uint8Array | ByteSource,
  number: number,
  transferSyntaxUid: string,
  codecs: FrameCodecs,
): Uint8Array {
  return asStored(decode(file, input, number, codecs), transferSyntaxUid, codecs)
}

export function transcode(
  file: DicomFile,
  input: Uint8Array | ByteSource,
  transferSyntaxUid: string,
  codecs: FrameCodecs,
): Transcoding {
  const tag = pixelTagOf(file.dataSet)
  // Without pixels there is nothing to compress.
  if (tag === undefined) return whole(file.dataSet)
  if (tag !== PIXEL_DATA && isEncapsulated(transferSyntaxUid)) refuse('floats are not encoded')
  return isEncapsulated(transferSyntaxUid)
    ? encapsulated(file, input, transferSyntaxUid, codecs)
    : native(file, input, codecs)
}

function whole(dataSet: DataSet): Transcoding {
  const pieces = encodePieces({ transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN, dataSet })
  return { frames: [], pieces: pieces.map((piece) => bytesOnly(piece)) }
}

/** Colour by pixel: what encoders take, and what most readers expect. */
function decode(
  file: DicomFile,
  input: Uint8Array | ByteSource,
  number: number,
  codecs: FrameCodecs,
): DecodedFrame {
  const alone = frameAlone(file, input, number)
  const { dataSet, transferSyntaxUid } = alone.file
  const { bytes, shape } = decodedFrame(dataSet, transferSyntaxUid, alone.number, codecs)
  return { bytes: interleave(bytes, shape, false), shape: { ...shape, isPlanar: false } }
}

function asStored(frame: DecodedFrame, transferSyntaxUid: string, codecs: FrameCodecs): Uint8Array {
  if (!isEncapsulated(transferSyntaxUid)) return frame.bytes
  return codecs.encode(transferSyntaxUid, frame) ?? refuse('such samples cannot be encoded exactly')
}

function native(file: DicomFile, input: Uint8Array | ByteSource, codecs: FrameCodecs): Transcoding {
  const count = frameCountOf(file.dataSet)
  const first = decode(file, input, 1, codecs)
  if (count > 1 && frameBitsOf(first.shape) % 8 !== 0) refuse('frames do not end on a byte')
  const { length } = first.bytes
  const vr = first.shape.bitsAllocated > 8 ? 'OW' : 'OB'
  const total = length * count
  if (total > 0xfffffffe) refuse('the frames are too long for a native file')
  // Its place is all that is known of it when the header is written.
  const dataSet = withPixels(file.dataSet, first, {
    kind: 'stored',
    tag: PIXEL_DATA,
    vr,
    spans: [{ offset: 0, length: total }],
    offsetTable: undefined,
  })
  const frames: [number, number][] = []
  const pieces = function* () {
    let at = 0
    for (const piece of encodePieces({ transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN, dataSet })) {
      if (piece instanceof Uint8Array) {
        at += piece.length
        yield piece
        continue
      }
      for (let number = 1; number <= count; number++) {
        const { bytes } = number === 1 ? first : decode(file, input, number, codecs)
        if (bytes.length !== length) refuse('the frames are not of one size')
        frames.push([at, length])
        at += length
        yield bytes
      }
    }
  }
  return { frames, pieces: pieces() }
}

function encapsulated(
  file: DicomFile,
  input: Uint8Array | ByteSource,
  transferSyntaxUid: string,
  codecs: FrameCodecs,
): Transcoding {
  const count = frameCountOf(file.dataSet)
  const first = decode(file, input, 1, codecs)
  const fragments = Array.from({ length: count }, (_, at) => {
    const frame = at === 0 ? first : decode(file, input, at + 1, codecs)
    return asStored(frame, transferSyntaxUid, codecs)
  })
  const isColour = first.shape.samplesPerPixel > 1
  // The encoder transforms colour reversibly (PS3.5 8.2.4).
  const shape = {
    ...first.shape,
    photometricInterpretation: isColour ? 'YBR_RCT' : first.shape.photometricInterpretation,
  }
  const dataSet = withPixels(
    file.dataSet,
    { ...first, shape },
    {
      kind: 'fragments',
      tag: PIXEL_DATA,
      vr: 'OB',
      offsetTable: offsetTable(fragments),
      fragments,
    },
  )
  const pieces = encodePieces({ transferSyntaxUid, dataSet }).map((piece) => bytesOnly(piece))
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0)
  // They stand at the end, before the delimiter, unless something follows the pixel data.
  return { pieces, frames: placesOf(fragments, total - trailing(dataSet, transferSyntaxUid)) }
}

/** Bytes behind the pixel data: what is left when they are left out of a file that ends with them. */
function trailing(dataSet: DataSet, transferSyntaxUid: string): number {
  const elements = [...dataSet.values()]
  const behind = elements.filter(({ tag }) => tag > PIXEL_DATA)
  if (behind.length === 0) return 0
  const lengthOf = (those: readonly Element[]) =>
    encodePieces({ transferSyntaxUid, dataSet: buildDataSet(those) }).reduce(
      (sum, piece) => sum + piece.length,
      0,
    )
  const before = elements.filter(({ tag }) => tag < PIXEL_DATA)
  return lengthOf([...before, ...behind]) - lengthOf(before)
}

/** `end`: behind the sequence delimiter of the pixel data. */
function placesOf(fragments: readonly Uint8Array[], end: number): [number, number][] {
  const places: [number, number][] = []
  let at = end - 8
  for (const fragment of fragments.toReversed()) {
    at -= fragment.length
    places.unshift([at, fragment.length])
    at -= 8
  }
  return places
}

/** Empty where it could not hold the offsets: each frame has one fragment, so that nobody needs it. */
function offsetTable(fragments: readonly Uint8Array[]): Uint8Array {
  const table = new DataView(new ArrayBuffer(4 * fragments.length))
  let offset = 0
  for (const [at, fragment] of fragments.entries()) {
    if (offset > 0xffffffff) return new Uint8Array()
    table.setUint32(4 * at, offset, true)
    offset += 8 + fragment.length
  }
  return new Uint8Array(table.buffer)
}

/** Extended offset tables (7FE0,0001) and (7FE0,0002) were of the old pixel data. */
function withPixels(dataSet: DataSet, { shape }: DecodedFrame, pixels: Element): DataSet {
  const kept = [...dataSet.values()].filter(
    ({ tag }) => tag !== '7FE00001' && tag !== '7FE00002' && tag !== PIXEL_DATA,
  )
  return buildDataSet([
    ...kept,
    value('00280004', 'CS', shape.photometricInterpretation),
    ...(shape.samplesPerPixel > 1 ? [value('00280006', 'US', 0)] : []),
    pixels,
  ])
}

function bytesOnly(piece: ReturnType<typeof encodePieces>[number]): Uint8Array {
  if (piece instanceof Uint8Array) return piece
  return refuse('a value is not in memory')
}
