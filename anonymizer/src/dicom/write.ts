/**
 * Writes a DICOM Part 10 file: zeroed preamble, our own file meta information, then the data set
 * in explicit VR little endian (native) or as encapsulated as it came. Sequences and items get
 * defined lengths, so that equal data sets give equal bytes.
 */
import { getString } from './access.ts'
import { value } from './build.ts'
import { DicomError } from './errors.ts'
import { type DataSet, type Element, LONG_VRS, NUMBER_VRS, type Vr } from './model.ts'
import type { Span } from './source.ts'
import { numberOf } from './tag.ts'
import { writtenAs } from './transfer-syntax.ts'

/** 2.25 and the number of a UUID made for this implementation (PS3.5 B.2). */
export const IMPLEMENTATION_CLASS_UID = '2.25.128733474091573498217649807112345678901'
export const IMPLEMENTATION_VERSION_NAME = 'PANDOK_0_1'

const UNDEFINED_LENGTH = 0xffffffff

/** Values from this size on are handed over as they are, not copied. */
const LARGE_BYTES = 65_536
const FIRST_BYTES = 16_384

/** Part of a file: bytes, or where in the source they are. */
export type Piece = Uint8Array<ArrayBuffer> | Span

interface WritableFile {
  readonly transferSyntaxUid: string
  readonly dataSet: DataSet
}

/** The whole file in one piece. */
export function writeDicom(file: WritableFile): Uint8Array {
  return joinChunks(encodeDicom(file))
}

export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    out.set(chunk, at)
    at += chunk.length
  }
  return out
}

/** `encodePieces` for a data set that is in memory as a whole; RangeError for any other. */
export function encodeDicom(file: WritableFile): Uint8Array<ArrayBuffer>[] {
  return encodePieces(file).map((piece) => {
    if (piece instanceof Uint8Array) return piece
    throw new RangeError('the pixel data are not in memory')
  })
}

/**
 * The file in pieces, in order; large values are the very bytes of the data set, and pixel data of a
 * source are spans of it. Whatever native transfer syntax it was, it is written as explicit VR
 * little endian.
 */
export function encodePieces(file: WritableFile): Piece[] {
  const writer = createWriter()
  writer.at = 128
  writeLong(writer, 0x4d434944)
  const meta = metaElements(file.dataSet, writtenAs(file.transferSyntaxUid))
  writeElement(writer, value('00020000', 'UL', 0))
  const start = writer.at
  for (const element of meta) writeElement(writer, element)
  writer.view.setUint32(start - 4, writer.at - start, true)
  for (const element of file.dataSet.values()) writeElement(writer, element)
  return piecesOf(writer)
}

const VERSION = value('00020001', 'OB', new Uint8Array([0, 1]))
const IMPLEMENTATION = [
  value('00020012', 'UI', IMPLEMENTATION_CLASS_UID),
  value('00020013', 'SH', IMPLEMENTATION_VERSION_NAME),
]

function metaElements(dataSet: DataSet, transferSyntaxUid: string): Element[] {
  return [
    VERSION,
    value('00020002', 'UI', getString(dataSet, '00080016')),
    value('00020003', 'UI', getString(dataSet, '00080018')),
    value('00020010', 'UI', transferSyntaxUid),
    ...IMPLEMENTATION,
  ]
}

/** A buffer that grows, and what stands between its bytes without being copied into it. */
interface Writer {
  bytes: Uint8Array<ArrayBuffer>
  view: DataView
  at: number
  /** In order; `at`: where in `bytes`. */
  readonly inserted: { readonly at: number; readonly piece: Piece }[]
  insertedBytes: number
}

function createWriter(): Writer {
  const bytes = new Uint8Array(FIRST_BYTES)
  return { bytes, view: new DataView(bytes.buffer), at: 0, inserted: [], insertedBytes: 0 }
}

function piecesOf({ bytes, at, inserted }: Writer): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const each of inserted) {
    if (each.at > from) pieces.push(bytes.subarray(from, each.at))
    pieces.push(each.piece)
    from = each.at
  }
  if (at > from) pieces.push(bytes.subarray(from, at))
  return pieces
}

/** How much of the file is written. */
function position(writer: Writer): number {
  return writer.at + writer.insertedBytes
}

function reserve(writer: Writer, length: number): void {
  const needed = writer.at + length
  if (needed <= writer.bytes.length) return
  const grown = new Uint8Array(Math.max(needed, writer.bytes.length * 2))
  grown.set(writer.bytes)
  writer.bytes = grown
  writer.view = new DataView(grown.buffer)
}

function writeElement(writer: Writer, element: Element): void {
  const { tag } = element
  const vr = writtenVr(element)
  reserve(writer, 12)
  writeTag(writer, numberOf(tag))
  const { view } = writer
  view.setUint8(writer.at, vr.charCodeAt(0))
  view.setUint8(writer.at + 1, vr.charCodeAt(1))
  const isLong = LONG_VRS.has(vr)
  writer.at += isLong ? 8 : 4
  const header = writer.at
  const start = position(writer)
  writeContent(writer, element)
  const length = position(writer) - start
  if (isLong) {
    const isUndefined =
      element.kind === 'fragments' ||
      (element.kind === 'stored' && element.offsetTable !== undefined)
    writer.view.setUint32(header - 4, isUndefined ? UNDEFINED_LENGTH : length, true)
    return
  }
  if (length > 0xffff) throw new DicomError('DICOM_LENGTH', `(${tag}) is too long`)
  writer.view.setUint16(header - 2, length, true)
}

/** A value too long for the 16-bit length of its VR is written as UN (PS3.5 6.2.2). */
function writtenVr(element: Element): Vr {
  const { kind, vr } = element
  return kind === 'value' && element.bytes.length > 0xffff && NUMBER_VRS.has(vr) ? 'UN' : vr
}

function writeContent(writer: Writer, element: Element): void {
  switch (element.kind) {
    case 'value':
      writePiece(writer, element.bytes, paddingOf(element.vr))
      return
    case 'sequence':
      for (const item of element.items) writeItem(writer, item)
      return
    case 'fragments':
      writeFragments(writer, element.offsetTable, element.fragments)
      return
    case 'stored':
      if (element.offsetTable === undefined) {
        for (const span of element.spans) writePiece(writer, span, paddingOf(element.vr))
      } else {
        writeFragments(writer, element.offsetTable, element.spans)
      }
  }
}

function writeItem(writer: Writer, item: DataSet): void {
  writeItemHeader(writer, 0)
  const header = writer.at
  const start = position(writer)
  for (const inner of item.values()) writeElement(writer, inner)
  writer.view.setUint32(header - 4, position(writer) - start, true)
}

function writeFragments(
  writer: Writer,
  offsetTable: Uint8Array,
  fragments: readonly (Uint8Array | Span)[],
): void {
  for (const part of [offsetTable, ...fragments]) {
    writeItemHeader(writer, part.length + (part.length % 2))
    writePiece(writer, part, 0)
  }
  reserve(writer, 8)
  writeTag(writer, 0xfffee0dd)
  writeLong(writer, 0)
}

function writeItemHeader(writer: Writer, length: number): void {
  reserve(writer, 8)
  writeTag(writer, 0xfffee000)
  writeLong(writer, length)
}

function writeTag(writer: Writer, tag: number): void {
  writer.view.setUint16(writer.at, tag >>> 16, true)
  writer.view.setUint16(writer.at + 2, tag & 0xffff, true)
  writer.at += 4
}

function writeLong(writer: Writer, number: number): void {
  writer.view.setUint32(writer.at, number, true)
  writer.at += 4
}

function writePiece(writer: Writer, piece: Uint8Array | Span, padding: number): void {
  if (piece instanceof Uint8Array && piece.length < LARGE_BYTES) {
    reserve(writer, piece.length + 1)
    writer.bytes.set(piece, writer.at)
    writer.at += piece.length
  } else {
    // What was read from a file or a message is never shared memory.
    writer.inserted.push({ at: writer.at, piece: piece as Piece })
    writer.insertedBytes += piece.length
    reserve(writer, 1)
  }
  if (piece.length % 2 === 1) writer.bytes[writer.at++] = padding
}

/** UI and binary values are padded with zero, text with a space (PS3.5 6.2). */
function paddingOf(vr: string): number {
  return vr === 'UI' || vr === 'OB' || vr === 'UN' ? 0 : 0x20
}
