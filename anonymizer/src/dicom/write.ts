/**
 * Writes a DICOM Part 10 file: zeroed preamble, our own file meta information, then the data set
 * in explicit VR little endian (native) or as encapsulated as it came. Sequences and items get
 * defined lengths, so that equal data sets give equal bytes.
 */
import { getString } from './access.ts'
import { value } from './build.ts'
import { DicomError } from './errors.ts'
import { type DataSet, type Element, LONG_VRS } from './model.ts'
import { numberOf } from './tag.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from './transfer-syntax.ts'

/** 2.25 and the number of a UUID made for this implementation (PS3.5 B.2). */
const IMPLEMENTATION_CLASS_UID = '2.25.128733474091573498217649807112345678901'
const IMPLEMENTATION_VERSION_NAME = 'PANDOK_0_1'

const UNDEFINED_LENGTH = 0xffffffff

/** Values from this size on are handed over as they are, not copied. */
const LARGE_BYTES = 65_536

/** The whole file in one piece. */
export function writeDicom(file: { transferSyntaxUid: string; dataSet: DataSet }): Uint8Array {
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

/**
 * The file in pieces, in order; large values are the very bytes of the data set. Implicit VR input
 * is written as explicit; the pixel bytes do not change.
 */
export function encodeDicom(file: {
  transferSyntaxUid: string
  dataSet: DataSet
}): Uint8Array<ArrayBuffer>[] {
  const transferSyntaxUid =
    file.transferSyntaxUid === IMPLICIT_VR_LITTLE_ENDIAN
      ? EXPLICIT_VR_LITTLE_ENDIAN
      : file.transferSyntaxUid
  const meta = metaElements(file.dataSet, transferSyntaxUid)
  const metaLength = meta.reduce((sum, element) => sum + encodedLength(element), 0)
  let length = 132 + 12 + metaLength
  for (const element of file.dataSet.values()) length += copiedLength(element)
  const out = new Uint8Array(length)
  const writer: Writer = { out, view: new DataView(out.buffer), at: 132, from: 0, chunks: [] }
  out.set([0x44, 0x49, 0x43, 0x4d], 128)
  writeElement(writer, value('00020000', 'UL', metaLength))
  for (const element of meta) writeElement(writer, element)
  for (const element of file.dataSet.values()) writeElement(writer, element)
  flush(writer)
  return writer.chunks
}

/** Bytes of a top-level element that go through the writer's own buffer. */
function copiedLength(element: Element): number {
  switch (element.kind) {
    case 'value':
      return encodedLength(element) - (isLarge(element.bytes) ? element.bytes.length : 0)
    case 'sequence':
      return encodedLength(element) - largeIn(element)
    case 'fragments':
      return (
        encodedLength(element) -
        [element.offsetTable, ...element.fragments].reduce(
          (sum, part) => sum + (isLarge(part) ? part.length : 0),
          0,
        )
      )
  }
}

function largeIn(element: Element): number {
  if (element.kind === 'value') return isLarge(element.bytes) ? element.bytes.length : 0
  if (element.kind === 'fragments') return encodedLength(element) - copiedLength(element)
  let sum = 0
  for (const item of element.items) for (const inner of item.values()) sum += largeIn(inner)
  return sum
}

function isLarge(bytes: Uint8Array): boolean {
  return bytes.length >= LARGE_BYTES
}

function flush(writer: Writer): void {
  if (writer.at > writer.from) writer.chunks.push(writer.out.subarray(writer.from, writer.at))
  writer.from = writer.at
}

function metaElements(dataSet: DataSet, transferSyntaxUid: string): Element[] {
  return [
    value('00020001', 'OB', new Uint8Array([0, 1])),
    value('00020002', 'UI', getString(dataSet, '00080016')),
    value('00020003', 'UI', getString(dataSet, '00080018')),
    value('00020010', 'UI', transferSyntaxUid),
    value('00020012', 'UI', IMPLEMENTATION_CLASS_UID),
    value('00020013', 'SH', IMPLEMENTATION_VERSION_NAME),
  ]
}

function headerLength(element: Element): number {
  return LONG_VRS.has(element.vr) ? 12 : 8
}

function contentLength(element: Element): number {
  switch (element.kind) {
    case 'value':
      return element.bytes.length + (element.bytes.length % 2)
    case 'sequence':
      return element.items.reduce((sum, item) => sum + 8 + dataSetLength(item), 0)
    case 'fragments':
      return (
        [element.offsetTable, ...element.fragments].reduce(
          (sum, part) => sum + 8 + part.length + (part.length % 2),
          0,
        ) + 8
      )
  }
}

function encodedLength(element: Element): number {
  return headerLength(element) + contentLength(element)
}

function dataSetLength(dataSet: DataSet): number {
  let length = 0
  for (const element of dataSet.values()) length += encodedLength(element)
  return length
}

interface Writer {
  readonly out: Uint8Array<ArrayBuffer>
  readonly view: DataView
  readonly chunks: Uint8Array<ArrayBuffer>[]
  at: number
  /** Where the chunk begins that is being written. */
  from: number
}

function writeElement(writer: Writer, element: Element): void {
  writeTag(writer, element.tag)
  const { view } = writer
  view.setUint8(writer.at, element.vr.charCodeAt(0))
  view.setUint8(writer.at + 1, element.vr.charCodeAt(1))
  const length = element.kind === 'fragments' ? UNDEFINED_LENGTH : contentLength(element)
  if (LONG_VRS.has(element.vr)) {
    view.setUint32(writer.at + 4, length, true)
    writer.at += 8
  } else {
    if (length > 0xffff) throw new DicomError('DICOM_LENGTH', `(${element.tag}) is too long`)
    view.setUint16(writer.at + 2, length, true)
    writer.at += 4
  }
  switch (element.kind) {
    case 'value':
      writeBytes(writer, element.bytes, paddingOf(element.vr))
      return
    case 'sequence':
      for (const item of element.items) {
        writeItemHeader(writer, dataSetLength(item))
        for (const inner of item.values()) writeElement(writer, inner)
      }
      return
    case 'fragments':
      for (const part of [element.offsetTable, ...element.fragments]) {
        writeItemHeader(writer, part.length + (part.length % 2))
        writeBytes(writer, part, 0)
      }
      writeTag(writer, 'FFFEE0DD')
      writer.at += 4
  }
}

function writeItemHeader(writer: Writer, length: number): void {
  writeTag(writer, 'FFFEE000')
  writer.view.setUint32(writer.at, length, true)
  writer.at += 4
}

function writeTag(writer: Writer, tag: string): void {
  const number = numberOf(tag)
  writer.view.setUint16(writer.at, number >>> 16, true)
  writer.view.setUint16(writer.at + 2, number & 0xffff, true)
  writer.at += 4
}

function writeBytes(writer: Writer, bytes: Uint8Array, padding: number): void {
  if (isLarge(bytes)) {
    flush(writer)
    // What was read from a file or a message is never shared memory.
    writer.chunks.push(bytes as Uint8Array<ArrayBuffer>)
  } else {
    writer.out.set(bytes, writer.at)
    writer.at += bytes.length
  }
  if (bytes.length % 2 === 1) writer.out[writer.at++] = padding
}

/** UI and binary values are padded with zero, text with a space (PS3.5 6.2). */
function paddingOf(vr: string): number {
  return ['UI', 'OB', 'UN'].includes(vr) ? 0 : 0x20
}
