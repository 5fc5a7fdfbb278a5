/**
 * Which fragments of encapsulated pixel data are which frame (PS3.5 A.4).
 *
 * In: the data set, its transfer syntax and its number of frames. Out: the fragments of each frame in
 * their order. One frame has them all, as many fragments as frames are one each; else the Extended
 * or the Basic Offset Table says it, and without a table the code streams themselves, where they begin
 * and end with markers. What could put a piece of one frame into another is refused: DICOM_FRAMES.
 */
import { DicomError } from './errors.ts'
import type { DataSet, FragmentsElement, Tag } from './model.ts'

const EXTENDED_OFFSET_TABLE = '7FE00001'
const EXTENDED_OFFSET_TABLE_LENGTHS = '7FE00002'

/** The second byte of the marker that opens a code stream; all of them end with FF D9. */
const SOI = 0xd8
const SOC = 0x4f
const END = 0xd9

/** SOI of JPEG and JPEG-LS (ISO/IEC 10918-1, 14495-1), SOC of JPEG 2000 (15444-1). RLE has none. */
const FIRST_MARKER: Readonly<Record<string, number>> = {
  '1.2.840.10008.1.2.4.50': SOI,
  '1.2.840.10008.1.2.4.51': SOI,
  '1.2.840.10008.1.2.4.57': SOI,
  '1.2.840.10008.1.2.4.70': SOI,
  '1.2.840.10008.1.2.4.80': SOI,
  '1.2.840.10008.1.2.4.81': SOI,
  '1.2.840.10008.1.2.4.90': SOC,
  '1.2.840.10008.1.2.4.91': SOC,
  '1.2.840.10008.1.2.4.201': SOC,
  '1.2.840.10008.1.2.4.202': SOC,
  '1.2.840.10008.1.2.4.203': SOC,
}

export function fragmentsByFrame(
  pixels: FragmentsElement,
  dataSet: DataSet,
  transferSyntaxUid: string,
  count: number,
): (readonly Uint8Array[])[] {
  const { fragments, offsetTable } = pixels
  if (count === 1) return [fragments]
  if (fragments.length === count) return fragments.map((fragment) => [fragment])
  if (fragments.length < count) throw unclear('there are fewer fragments than frames')
  const offsets = extendedOffsets(dataSet, count) ?? basicOffsets(offsetTable, count)
  const begins =
    offsets === undefined
      ? codeStreamStarts(fragments, FIRST_MARKER[transferSyntaxUid])
      : startsAt(fragments, offsets)
  if (begins[0] !== 0 || begins.length !== count) {
    throw unclear('frames of several fragments cannot be told apart')
  }
  return begins.map((begin, at) => fragments.slice(begin, begins[at + 1]))
}

/**
 * Bytes of each frame that the Extended Offset Table counts, padding left out; undefined without
 * a table of that many (PS3.3 C.7.6.3.1.8).
 */
export function extendedLengths(dataSet: DataSet, count: number): number[] | undefined {
  return veryLongs(dataSet, EXTENDED_OFFSET_TABLE_LENGTHS, count)
}

/** Counted from the item tag of the first fragment on. */
function extendedOffsets(dataSet: DataSet, count: number): number[] | undefined {
  return veryLongs(dataSet, EXTENDED_OFFSET_TABLE, count)
}

/** OV; what is beyond 2^53 is no offset in any file. */
function veryLongs(dataSet: DataSet, tag: Tag, count: number): number[] | undefined {
  const table = dataSet.get(tag)
  if (table?.kind !== 'value' || table.bytes.length !== 8 * count) return undefined
  const { bytes } = table
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: count }, (_, at) => Number(view.getBigUint64(8 * at, true)))
}

function basicOffsets(table: Uint8Array, count: number): number[] | undefined {
  if (table.length === 0) return undefined
  if (table.length !== 4 * count) throw unclear('the basic offset table is not one of these frames')
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  return Array.from({ length: count }, (_, at) => view.getUint32(4 * at, true))
}

/** The numbers of the fragments that lie at `offsets`; others are found by no number. */
function startsAt(fragments: readonly Uint8Array[], offsets: readonly number[]): number[] {
  const begins: number[] = []
  let offset = 0
  for (const [number, fragment] of fragments.entries()) {
    if (offset === offsets[begins.length]) begins.push(number)
    offset += 8 + fragment.length + (fragment.length % 2)
  }
  return begins
}

/** A frame begins where a code stream does and the one before has ended. */
function codeStreamStarts(fragments: readonly Uint8Array[], marker: number | undefined): number[] {
  if (marker === undefined) throw unclear('this transfer syntax has one fragment for each frame')
  let hasEnded = true
  const begins: number[] = []
  for (const [number, fragment] of fragments.entries()) {
    if (hasEnded && fragment[0] === 0xff && fragment[1] === marker) begins.push(number)
    hasEnded = endsCodeStream(fragment)
  }
  return begins
}

function endsCodeStream(fragment: Uint8Array): boolean {
  let end = fragment.length
  // Padding is 00; some write FF.
  while (end > 0 && (fragment[end - 1] === 0 || fragment[end - 1] === 0xff)) end--
  return fragment[end - 1] === END && fragment[end - 2] === 0xff
}

function unclear(detail: string): DicomError {
  return new DicomError('DICOM_FRAMES', detail)
}
