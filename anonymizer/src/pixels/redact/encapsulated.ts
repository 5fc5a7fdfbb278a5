/**
 * Changes frames of encapsulated pixel data (PS3.5 A.4): stored again in the lossless transfer syntax
 * of the family, or native where that has no exact encoder. Frames that stay keep their very
 * fragments unless the transfer syntax or the photometric interpretation changes.
 */
import {
  type DataSet,
  type Element,
  EXPLICIT_VR_LITTLE_ENDIAN,
  type FragmentsElement,
  fragmentsByFrame,
  getString,
  value,
} from '../../dicom/index.ts'
import { interleave } from '../codecs/layout.ts'
import { refuse } from '../codecs/refuse.ts'
import { codecSyntax } from '../codecs/syntaxes.ts'
import { decodedFrame } from '../frames/bytes.ts'
import { frameCountOf, frameShapeOf, PIXEL_DATA } from '../frames/shape.ts'
import type { DecodedFrame, FrameCodecs, FrameShape } from '../model.ts'
import type { FrameChange, Stored } from './frame-change.ts'

const PHOTOMETRIC_INTERPRETATION = '00280004'

export function changeEncapsulated(
  dataSet: DataSet,
  transferSyntaxUid: string,
  change: FrameChange,
  codecs: FrameCodecs,
): Stored {
  const changed = (number: number): DecodedFrame => {
    const frame = decodedFrame(dataSet, transferSyntaxUid, number, codecs)
    return change.touches(number) ? change.apply(frame, number) : frame
  }
  const target = codecSyntax(transferSyntaxUid)?.lossless
  const encoded =
    target === undefined
      ? undefined
      : storeEncoded(dataSet, { from: transferSyntaxUid, to: target }, { change, changed }, codecs)
  return encoded ?? storeNative(dataSet, changed)
}

/** Undefined when a frame cannot be encoded exactly. */
function storeEncoded(
  dataSet: DataSet,
  { from, to }: { from: string; to: string },
  { change, changed }: { change: FrameChange; changed: (number: number) => DecodedFrame },
  codecs: FrameCodecs,
): Stored | undefined {
  const source = dataSet.get(PIXEL_DATA)
  if (source?.kind !== 'fragments') return refuse('the pixel data is not encapsulated')
  const header = frameShapeOf(dataSet)
  const interpretation = storedInterpretation(header, to)
  const isAllNew = from !== to || interpretation !== header.photometricInterpretation
  const frames = fragmentsByFrame(source, dataSet, from, frameCountOf(dataSet)).map(
    (fragments, at) => {
      if (!isAllNew && !change.touches(at + 1)) return fragments
      const encoded = codecs.encode(to, changed(at + 1))
      return encoded === undefined ? undefined : [encoded]
    },
  )
  const whole = frames.filter((frame) => frame !== undefined)
  if (whole.length < frames.length) return undefined
  return {
    transferSyntaxUid: to,
    elements: [
      encapsulated(source, whole, dataSet.has('7FE00001')),
      value(PHOTOMETRIC_INTERPRETATION, 'CS', interpretation),
    ],
  }
}

/** The encoders of JPEG 2000 and HTJ2K take RGB and transform it reversibly (PS3.5 8.2.4). */
function storedInterpretation(header: FrameShape, transferSyntaxUid: string): string {
  const family = codecSyntax(transferSyntaxUid)?.family
  const isTransformed = family === 'jpeg-2000' || family === 'htj2k'
  const isRgb = ['RGB', 'YBR_RCT', 'YBR_ICT'].includes(header.photometricInterpretation)
  return isTransformed && header.samplesPerPixel === 3 && isRgb
    ? 'YBR_RCT'
    : header.photometricInterpretation
}

/**
 * With a basic offset table where there was a table, or where frames have several fragments. An
 * extended table (7FE0,0001) is replaced by it, unless 32 bits do not reach.
 */
function encapsulated(
  source: FragmentsElement,
  frames: readonly (readonly Uint8Array[])[],
  hadExtendedTable: boolean,
): FragmentsElement {
  const fragments = frames.flat()
  const offsets: number[] = []
  let offset = 0
  for (const frame of frames) {
    offsets.push(offset)
    for (const each of frame) offset += 8 + each.length + (each.length % 2)
  }
  const isOneEach = fragments.length === frames.length
  const isReachable = offsets.every((each) => each <= 0xffffffff)
  if (!isReachable && !isOneEach) refuse('the frames are too large for an offset table')
  const needsTable = source.offsetTable.length > 0 || hadExtendedTable || !isOneEach
  const table = new DataView(new ArrayBuffer(needsTable && isReachable ? 4 * offsets.length : 0))
  if (table.byteLength > 0) offsets.forEach((each, at) => table.setUint32(4 * at, each, true))
  return { ...source, offsetTable: new Uint8Array(table.buffer), fragments }
}

function storeNative(dataSet: DataSet, changed: (number: number) => DecodedFrame): Stored {
  const count = frameCountOf(dataSet)
  const header = frameShapeOf(dataSet)
  const first = changed(1)
  const { shape } = first
  if (shape.isSigned !== header.isSigned) {
    refuse('the code stream and (0028,0103) differ in whether samples are signed')
  }
  const pixels = new Uint8Array(first.bytes.length * count)
  for (let number = 1; number <= count; number++) {
    const frame = number === 1 ? first : changed(number)
    if (frame.shape.bitsStored !== shape.bitsStored || frame.shape.isSigned !== shape.isSigned) {
      refuse('the frames have different depths')
    }
    pixels.set(interleave(frame.bytes, frame.shape, false), (number - 1) * first.bytes.length)
  }
  return {
    transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN,
    elements: [
      value(PIXEL_DATA, shape.bitsAllocated > 8 ? 'OW' : 'OB', pixels),
      value(PHOTOMETRIC_INTERPRETATION, 'CS', shape.photometricInterpretation),
      ...(shape.samplesPerPixel > 1 ? [value('00280006', 'US', 0)] : []),
      // A header that counted other bits than the code stream had would be wrong now.
      ...(shape.bitsStored === header.bitsStored
        ? []
        : [value('00280101', 'US', shape.bitsStored), value('00280102', 'US', shape.highBit)]),
    ],
  }
}

/** (0028,2110) of what was decoded from a lossy code stream; undefined: leave it as it is. */
export function lossyFlag(dataSet: DataSet, transferSyntaxUid: string): Element | undefined {
  const loses = codecSyntax(transferSyntaxUid)?.loses ?? 'never'
  const said = getString(dataSet, '00282110')
  const isWrong = loses === 'always' ? said !== '01' : loses === 'mayBe' && said === ''
  return isWrong ? value('00282110', 'CS', '01') : undefined
}
