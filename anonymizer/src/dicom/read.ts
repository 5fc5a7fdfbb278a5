/**
 * Reads a DICOM Part 10 file (PS3.10 section 7) into its structure, strictly and within budgets,
 * so that a hostile or torn file costs a bounded amount and ends in a coded error.
 *
 * In: the whole file. Out: DicomFile. Values are views into the given bytes, not copies.
 */
import { dictionaryEntry, isPrivate } from './dictionary.ts'
import { DicomError, type DicomErrorCode } from './errors.ts'
import {
  type DataSet,
  type DicomFile,
  type Element,
  LONG_VRS,
  type SequenceElement,
  type Tag,
  type ValueElement,
  VRS,
  type Vr,
} from './model.ts'
import { readTag } from './tag.ts'
import { IMPLICIT_VR_LITTLE_ENDIAN, isEncapsulated, isReadable } from './transfer-syntax.ts'

export interface ReadLimits {
  readonly depth: number
  /** Elements, items and fragments together. */
  readonly parts: number
  readonly fragments: number
  /** Bytes of any value that is not pixel data. */
  readonly valueBytes: number
  readonly frames: number
}

export const DEFAULT_LIMITS: ReadLimits = {
  depth: 16,
  parts: 200_000,
  fragments: 20_000,
  valueBytes: 64 * 1024 * 1024,
  frames: 20_000,
}

const UNDEFINED_LENGTH = 0xffffffff
const PIXEL_DATA = '7FE00010'
const ITEM = 'FFFEE000'
const ITEM_END = 'FFFEE00D'
const SEQUENCE_END = 'FFFEE0DD'
const KNOWN_VRS: ReadonlySet<string> = new Set(VRS)

interface Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly limits: ReadLimits
  parts: number
}

/** Throws DicomError; never anything else for any input. */
export function readDicom(bytes: Uint8Array, limits: Partial<ReadLimits> = {}): DicomFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reader: Reader = { bytes, view, limits: { ...DEFAULT_LIMITS, ...limits }, parts: 0 }
  if (bytes.length < 132 || view.getUint32(128, false) !== 0x4449434d) {
    throw new DicomError('DICOM_NOT_PART10', 'there is no DICM prefix at offset 128')
  }
  const { meta, end } = readMeta(reader)
  const transferSyntaxUid = textOf(meta.get('00020010'))
  if (!isReadable(transferSyntaxUid)) {
    throw new DicomError(
      'DICOM_TRANSFER_SYNTAX',
      'the transfer syntax is not one that is read here',
    )
  }
  const isExplicit = transferSyntaxUid !== IMPLICIT_VR_LITTLE_ENDIAN
  const { dataSet } = readDataSet(reader, { at: end, end: bytes.length, isExplicit, depth: 0 })
  checkPixelData(dataSet, transferSyntaxUid, reader.limits)
  return { meta, transferSyntaxUid, dataSet }
}

/** Group 0002 is always explicit VR little endian; it ends where another group begins. */
function readMeta(reader: Reader): { meta: DataSet; end: number } {
  const { view } = reader
  let end = 132
  while (end + 8 <= view.byteLength && view.getUint16(end, true) === 0x0002) {
    const vr = String.fromCharCode(view.getUint8(end + 4), view.getUint8(end + 5))
    const isLong = LONG_VRS.has(vr)
    if (isLong && end + 12 > view.byteLength) throw truncated('0002', end)
    const length = isLong ? view.getUint32(end + 8, true) : view.getUint16(end + 6, true)
    end += (isLong ? 12 : 8) + length
  }
  if (end === 132 || end > view.byteLength) {
    throw new DicomError('DICOM_META_INVALID', 'the file meta information is missing or torn')
  }
  const meta = readDataSet(reader, { at: 132, end, isExplicit: true, depth: 0 }).dataSet
  const groupLength = meta.get('00020000')
  if (groupLength?.kind === 'value' && groupLength.bytes.length === 4) {
    const { bytes } = groupLength
    const declared = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
    // The group length element itself takes 12 bytes. A false length makes parsers disagree.
    if (132 + 12 + declared !== end) {
      throw new DicomError('DICOM_META_INVALID', '(0002,0000) does not fit the group it counts')
    }
  }
  return { meta, end }
}

interface Span {
  readonly at: number
  /** Where the data set ends; undefined: at an item delimiter, no later than `limit`. */
  readonly end: number | undefined
  readonly limit?: number
  readonly isExplicit: boolean
  readonly depth: number
}

function readDataSet(reader: Reader, span: Span): { dataSet: DataSet; next: number } {
  const { view } = reader
  const limit = span.end ?? span.limit ?? view.byteLength
  const elements = new Map<Tag, Element>()
  let at = span.at
  let previous = ''
  for (;;) {
    if (at === span.end) return { dataSet: elements, next: at }
    if (at + 8 > limit) throw truncated(previous, at)
    const tag = readTag(view, at)
    if (tag === ITEM_END && span.end === undefined) {
      if (view.getUint32(at + 4, true) !== 0) throw new DicomError('DICOM_ITEM', `at ${at}`)
      return { dataSet: elements, next: at + 8 }
    }
    if (tag <= previous) {
      throw new DicomError('DICOM_TAG_ORDER', `(${tag}) after (${previous}) at offset ${at}`)
    }
    if (tag.startsWith('FFFE')) throw new DicomError('DICOM_ITEM', `(${tag}) at offset ${at}`)
    count(reader)
    const { element, next } = readElement(reader, tag, at, limit, span)
    // Group lengths are retired and say nothing about identity: they are left out (PS3.5 7.2).
    const isGroupLength = tag.endsWith('0000') && tag !== '00020000'
    if (!isGroupLength) elements.set(tag, element)
    previous = tag
    at = next
  }
}

function readElement(
  reader: Reader,
  tag: Tag,
  start: number,
  limit: number,
  span: Span,
): { element: Element; next: number } {
  const { vr, length, at } = readHeader(reader, tag, start, limit, span.isExplicit)
  if (length === UNDEFINED_LENGTH) {
    if (tag === PIXEL_DATA && (vr === 'OB' || vr === 'OW') && span.isExplicit) {
      return readFragments(reader, tag, at, limit)
    }
    if (vr === 'SQ') return readItems(reader, tag, at, undefined, limit, span)
    // A UN of undefined length is a sequence in implicit VR (PS3.5 6.2.2 note 4).
    if (vr === 'UN') {
      return readItems(reader, tag, at, undefined, limit, { ...span, isExplicit: false })
    }
    throw new DicomError('DICOM_LENGTH', `(${tag}) ${vr} has no length, at offset ${start}`)
  }
  const end = at + length
  if (end > limit) throw truncated(tag, start)
  if (vr === 'SQ') return { element: readBoundedItems(reader, tag, at, end, span), next: end }
  if (tag !== PIXEL_DATA && length > reader.limits.valueBytes) {
    throw new DicomError('DICOM_TOO_MANY', `(${tag}) is longer than allowed`)
  }
  if (vr === 'UN') return { element: readUnknown(reader, tag, at, end, span), next: end }
  return { element: { kind: 'value', tag, vr, bytes: reader.bytes.subarray(at, end) }, next: end }
}

/** What a file may do wrong within a sequence whose end is known anyway. */
const WITHIN_ITEMS: ReadonlySet<DicomErrorCode> = new Set([
  'DICOM_ITEM',
  'DICOM_LENGTH',
  'DICOM_TAG_ORDER',
  'DICOM_TRUNCATED',
  'DICOM_VR',
])

/** A sequence of defined length; when its items cannot be read it is empty and says so. */
function readBoundedItems(
  reader: Reader,
  tag: Tag,
  start: number,
  end: number,
  span: Span,
): SequenceElement {
  try {
    return readItems(reader, tag, start, end, end, span).element
  } catch (error) {
    if (!(error instanceof DicomError) || !WITHIN_ITEMS.has(error.code)) throw error
    return { kind: 'sequence', tag, vr: 'SQ', items: [], isUnreadable: true }
  }
}

/**
 * UN of an attribute that PS3.6 knows: the sender did not, and passed on what it got in implicit VR
 * little endian (PS3.5 6.2.2 note 2). It is read as what it is, unless its length forbids that.
 */
function readUnknown(
  reader: Reader,
  tag: Tag,
  start: number,
  end: number,
  span: Span,
): ValueElement | SequenceElement {
  const bytes = reader.bytes.subarray(start, end)
  const known = isCreatorTag(tag) ? 'LO' : (dictionaryEntry(tag)?.vr ?? 'UN')
  if (known === 'SQ') {
    return readBoundedItems(reader, tag, start, end, { ...span, isExplicit: false })
  }
  const fits = LONG_VRS.has(known) || bytes.length <= 0xffff
  const isWhole = bytes.length % (VALUE_BYTES[known] ?? 1) === 0
  return { kind: 'value', tag, vr: fits && isWhole ? known : 'UN', bytes }
}

/** Bytes of one value of the VRs that have a fixed size (PS3.5 table 6.2-1). */
const VALUE_BYTES: Readonly<Partial<Record<Vr, number>>> = {
  AT: 4,
  FD: 8,
  FL: 4,
  OD: 8,
  OF: 4,
  OL: 4,
  OV: 8,
  OW: 2,
  SL: 4,
  SS: 2,
  SV: 8,
  UL: 4,
  US: 2,
  UV: 8,
}

function isCreatorTag(tag: Tag): boolean {
  return isPrivate(tag) && /^00[1-9A-F][0-9A-F]$/.test(tag.slice(4))
}

function readHeader(
  { view }: Reader,
  tag: Tag,
  start: number,
  limit: number,
  isExplicit: boolean,
): { vr: Vr; length: number; at: number } {
  if (!isExplicit) {
    const vr = isCreatorTag(tag) ? 'LO' : (dictionaryEntry(tag)?.vr ?? 'UN')
    return { vr, length: view.getUint32(start + 4, true), at: start + 8 }
  }
  const text = String.fromCharCode(view.getUint8(start + 4), view.getUint8(start + 5))
  if (!KNOWN_VRS.has(text)) throw new DicomError('DICOM_VR', `(${tag}) at offset ${start}`)
  const vr = text as Vr
  if (!LONG_VRS.has(vr)) return { vr, length: view.getUint16(start + 6, true), at: start + 8 }
  if (start + 12 > limit) throw truncated(tag, start)
  return { vr, length: view.getUint32(start + 8, true), at: start + 12 }
}

function readItems(
  reader: Reader,
  tag: Tag,
  start: number,
  end: number | undefined,
  limit: number,
  span: Span,
): { element: SequenceElement; next: number } {
  const { view } = reader
  if (span.depth >= reader.limits.depth) {
    throw new DicomError('DICOM_DEPTH', `(${tag}) at offset ${start} is nested too deep`)
  }
  const items: DataSet[] = []
  let at = start
  for (;;) {
    if (at === end) break
    if (at + 8 > limit) throw truncated(tag, at)
    const marker = readTag(view, at)
    const length = view.getUint32(at + 4, true)
    at += 8
    if (marker === SEQUENCE_END && end === undefined && length === 0) break
    if (marker !== ITEM) throw new DicomError('DICOM_ITEM', `in (${tag}) at offset ${at - 8}`)
    count(reader)
    const itemEnd = length === UNDEFINED_LENGTH ? undefined : at + length
    if (itemEnd !== undefined && itemEnd > limit) throw truncated(tag, at)
    const item = readDataSet(reader, {
      at,
      end: itemEnd,
      limit,
      isExplicit: span.isExplicit,
      depth: span.depth + 1,
    })
    items.push(item.dataSet)
    at = item.next
  }
  return { element: { kind: 'sequence', tag, vr: 'SQ', items }, next: at }
}

function readFragments(
  reader: Reader,
  tag: Tag,
  start: number,
  limit: number,
): { element: Element; next: number } {
  const { view, bytes } = reader
  const parts: Uint8Array[] = []
  let at = start
  for (;;) {
    if (at + 8 > limit) throw truncated(tag, at)
    const marker = readTag(view, at)
    const length = view.getUint32(at + 4, true)
    at += 8
    if (marker === SEQUENCE_END && length === 0) break
    if (marker !== ITEM || length === UNDEFINED_LENGTH) {
      throw new DicomError('DICOM_ITEM', `in (${tag}) at offset ${at - 8}`)
    }
    if (at + length > limit) throw truncated(tag, at)
    if (parts.length > reader.limits.fragments) {
      throw new DicomError('DICOM_TOO_MANY', 'there are more fragments than allowed')
    }
    count(reader)
    parts.push(bytes.subarray(at, at + length))
    at += length
  }
  const [offsetTable, ...fragments] = parts
  if (offsetTable === undefined || fragments.length === 0) {
    throw new DicomError('DICOM_PIXEL_LENGTH', 'encapsulated pixel data holds no fragment')
  }
  // Fragments are bytes, whatever the writer said (PS3.5 A.4).
  return { element: { kind: 'fragments', tag, vr: 'OB', offsetTable, fragments }, next: at }
}

/** Pixel data must hold exactly the frames that the header declares. */
function checkPixelData(dataSet: DataSet, transferSyntaxUid: string, limits: ReadLimits): void {
  const declared = dataSet.get('00280008')
  const text = textOf(declared)
  const frames = declared === undefined || text === '' ? 1 : Number(text)
  if (!Number.isInteger(frames) || frames < 1 || frames > limits.frames) {
    throw new DicomError('DICOM_FRAMES', '(0028,0008) is not a possible number of frames')
  }
  const pixels = dataSet.get(PIXEL_DATA)
  if (pixels === undefined) return
  if (isEncapsulated(transferSyntaxUid)) {
    if (pixels.kind !== 'fragments') {
      throw new DicomError('DICOM_PIXEL_LENGTH', 'the pixel data should be encapsulated')
    }
    if (pixels.fragments.length < frames) {
      throw new DicomError('DICOM_FRAMES', 'there are fewer fragments than frames')
    }
    return
  }
  if (pixels.kind !== 'value') {
    throw new DicomError('DICOM_PIXEL_LENGTH', 'the pixel data should not be encapsulated')
  }
  // Chrominance of two neighbours is stored once (PS3.3 C.7.6.3.1.2).
  const isHalved = textOf(dataSet.get('00280004')) === 'YBR_FULL_422'
  const bits =
    frames *
    shortOf(dataSet.get('00280010')) *
    shortOf(dataSet.get('00280011')) *
    (isHalved ? 2 : shortOf(dataSet.get('00280002'))) *
    shortOf(dataSet.get('00280100'))
  const expected = Math.ceil(bits / 8)
  // Some leave the last byte unpadded.
  const isWhole = [expected, expected + (expected % 2)].includes(pixels.bytes.length)
  if (bits === 0 || !isWhole) {
    throw new DicomError('DICOM_PIXEL_LENGTH', '(7FE0,0010) does not hold what the header declares')
  }
}

function count(reader: Reader): void {
  reader.parts++
  if (reader.parts > reader.limits.parts) {
    throw new DicomError(
      'DICOM_TOO_MANY',
      'there are more elements, items or fragments than allowed',
    )
  }
}

function truncated(tag: string, at: number): DicomError {
  return new DicomError('DICOM_TRUNCATED', `at or after (${tag}), offset ${at}`)
}

function textOf(element: Element | undefined): string {
  if (element?.kind !== 'value') return ''
  return String.fromCharCode(...element.bytes.subarray(0, 64))
    .replace(/[\0 ]+$/, '')
    .trim()
}

function shortOf(element: Element | undefined): number {
  if (element?.kind !== 'value' || element.bytes.length < 2) return 0
  return (element.bytes[0] ?? 0) + (element.bytes[1] ?? 0) * 256
}
