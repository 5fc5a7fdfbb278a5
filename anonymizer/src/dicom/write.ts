/**
 * Writes a DICOM Part 10 file: zeroed preamble, our own file meta information, then the data set
 * in explicit VR little endian (native) or as encapsulated as it came. Sequences and items get
 * defined lengths, so that equal data sets give equal bytes.
 */
import { getString } from './access.ts'
import { value } from './build.ts'
import { DicomError } from './errors.ts'
import { type DataSet, type Element, LONG_VRS } from './model.ts'
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from './transfer-syntax.ts'

/** 2.25 and the number of a UUID made for this implementation (PS3.5 B.2). */
const IMPLEMENTATION_CLASS_UID = '2.25.128733474091573498217649807112345678901'
const IMPLEMENTATION_VERSION_NAME = 'PANDOK_0_1'

const UNDEFINED_LENGTH = 0xffffffff

/** Implicit VR input is written as explicit; the pixel bytes do not change. */
export function writeDicom(file: { transferSyntaxUid: string; dataSet: DataSet }): Uint8Array {
  const transferSyntaxUid =
    file.transferSyntaxUid === IMPLICIT_VR_LITTLE_ENDIAN
      ? EXPLICIT_VR_LITTLE_ENDIAN
      : file.transferSyntaxUid
  const meta = metaElements(file.dataSet, transferSyntaxUid)
  const metaLength = meta.reduce((sum, element) => sum + encodedLength(element), 0)
  const elements = [...file.dataSet.values()]
  const bodyLength = elements.reduce((sum, element) => sum + encodedLength(element), 0)
  const out = new Uint8Array(132 + 12 + metaLength + bodyLength)
  const writer = { out, view: new DataView(out.buffer), at: 132 }
  out.set([0x44, 0x49, 0x43, 0x4d], 128)
  writeElement(writer, value('00020000', 'UL', metaLength))
  for (const element of meta) writeElement(writer, element)
  for (const element of elements) writeElement(writer, element)
  return out
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
  readonly out: Uint8Array
  readonly view: DataView
  at: number
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
  writer.view.setUint16(writer.at, Number.parseInt(tag.slice(0, 4), 16), true)
  writer.view.setUint16(writer.at + 2, Number.parseInt(tag.slice(4), 16), true)
  writer.at += 4
}

function writeBytes(writer: Writer, bytes: Uint8Array, padding: number): void {
  writer.out.set(bytes, writer.at)
  writer.at += bytes.length
  if (bytes.length % 2 === 1) writer.out[writer.at++] = padding
}

/** UI and binary values are padded with zero, text with a space (PS3.5 6.2). */
function paddingOf(vr: string): number {
  return ['UI', 'OB', 'UN'].includes(vr) ? 0 : 0x20
}
