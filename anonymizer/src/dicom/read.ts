/**
 * Reads a DICOM Part 10 file (PS3.10 section 7) into its structure, strictly and within budgets,
 * so that a hostile or torn file costs a bounded amount and ends in a coded error.
 *
 * In: the whole file, or a source that is read in parts. Out: DicomFile. Values are views into what
 * was read, not copies; pixel data of a source are not read at all.
 */
import { dictionaryEntry, isPrivate } from './dictionary.ts'
import { DicomError, type DicomErrorCode } from './errors.ts'
import { checkFunctionalGroups } from './functional-groups.ts'
import { inflate } from './inflate.ts'
import {
  enterTransferSyntax,
  type KnownElement,
  type KnownElements,
  recall,
  remember,
} from './known-elements.ts'
import {
  type DataSet,
  type DicomFile,
  type Element,
  LONG_VRS,
  NUMBER_VRS,
  type SequenceElement,
  type Tag,
  type ValueElement,
  VRS,
  type Vr,
} from './model.ts'
import { checkPixelData } from './pixel-length.ts'
import { type ByteSource, loadRest, reach, type Span, type Window, windowOver } from './source.ts'
import { swapped } from './swap.ts'
import { tagOfNumber } from './tag.ts'
import { textOf } from './text-of.ts'
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  isReadable,
} from './transfer-syntax.ts'

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

/** Shorter pixel data are read with the rest. */
const MIN_STORED_BYTES = 65_536

const UNDEFINED_LENGTH = 0xffffffff
const PIXEL_DATA = '7FE00010'
/** Float, Double Float and plain Pixel Data. */
const PIXELS: ReadonlySet<Tag> = new Set(['7FE00008', '7FE00009', PIXEL_DATA])
const ITEM = 0xfffee000
const ITEM_END = 0xfffee00d
const SEQUENCE_END = 0xfffee0dd

interface Reader {
  readonly window: Window
  readonly limits: ReadLimits
  /** Pixel data stay where they are. */
  readonly isStored: boolean
  /** Of elements at top level. */
  readonly known: KnownElements | undefined
  parts: number
}

/**
 * Throws DicomError; never anything else for any input. `known`: for a caller that reads many files
 * of one series; the result is the same without it.
 */
export function readDicom(
  file: Uint8Array | ByteSource,
  limits: Partial<ReadLimits> = {},
  known?: KnownElements,
): DicomFile {
  const window = windowOver(file)
  const context = { limits: { ...DEFAULT_LIMITS, ...limits }, known }
  if (window.size < 132 || tagAt(window, 128, false) !== 0x4449434d) {
    throw new DicomError('DICOM_NOT_PART10', 'there is no DICM prefix at offset 128')
  }
  const { meta, end } = readMeta(window, context.limits)
  const transferSyntaxUid = textOf(meta.get('00020010'))
  if (!isReadable(transferSyntaxUid)) {
    throw new DicomError(
      'DICOM_TRANSFER_SYNTAX',
      'the transfer syntax is not one that is read here',
    )
  }
  if (known !== undefined) enterTransferSyntax(known, transferSyntaxUid)
  const dataSet = readBody(window, end, transferSyntaxUid, context)
  checkPixelData(dataSet, transferSyntaxUid, context.limits.frames)
  checkFunctionalGroups(dataSet)
  return { meta, transferSyntaxUid, dataSet }
}

/** Group 0002 is always explicit VR little endian; it ends where another group begins. */
function readMeta(window: Window, limits: ReadLimits): { meta: DataSet; end: number } {
  const { size } = window
  let end = 132
  while (end + 8 <= size && shortAt(window, end, true) === 0x0002) {
    const isLong = LONG_VRS.has(vrTextAt(window, end + 4))
    if (isLong && end + 12 > size) throw truncated('0002', end)
    const length = isLong ? longAt(window, end + 8, true) : shortAt(window, end + 6, true)
    end += (isLong ? 12 : 8) + length
  }
  if (end === 132 || end > size) {
    throw new DicomError('DICOM_META_INVALID', 'the file meta information is missing or torn')
  }
  const reader: Reader = { window, limits, isStored: false, known: undefined, parts: 0 }
  const span = { at: 132, end, limit: end, isExplicit: true, isLittle: true, depth: 0 }
  const meta = readDataSet(reader, span).dataSet
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

/** What follows the file meta information. */
function readBody(
  file: Window,
  start: number,
  transferSyntaxUid: string,
  { limits, known }: Pick<Reader, 'limits' | 'known'>,
): DataSet {
  const isLittle = transferSyntaxUid !== EXPLICIT_VR_BIG_ENDIAN
  const isDeflated = transferSyntaxUid === DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
  // Neither can be copied from where it is: these two are read as a whole.
  const whole = isDeflated
    ? inflate(loadRest(file, start))
    : isLittle
      ? undefined
      : loadRest(file, start)
  const window = whole === undefined ? file : windowOver(whole)
  const isInMemory = window.source === undefined
  const reader: Reader = {
    window,
    limits,
    isStored: !isInMemory,
    known: isInMemory ? known : undefined,
    parts: 0,
  }
  const end = window.size
  const isExplicit = transferSyntaxUid !== IMPLICIT_VR_LITTLE_ENDIAN
  const at = whole === undefined ? start : 0
  return readDataSet(reader, { at, end, limit: end, isExplicit, isLittle, depth: 0 }).dataSet
}

interface Encoding {
  readonly isExplicit: boolean
  readonly isLittle: boolean
  readonly depth: number
}

interface Extent extends Encoding {
  readonly at: number
  /** Where the data set ends; undefined: at an item delimiter, no later than `limit`. */
  readonly end: number | undefined
  readonly limit: number
}

function readDataSet(reader: Reader, extent: Extent): { dataSet: DataSet; next: number } {
  const { window } = reader
  const { end, limit, isLittle } = extent
  const known = extent.depth === 0 ? reader.known : undefined
  const elements = new Map<Tag, Element>()
  let at = extent.at
  let previous = -1
  for (;;) {
    if (at === end) return { dataSet: elements, next: at }
    if (at + 8 > limit) throw truncated(previous === -1 ? '' : tagOfNumber(previous), at)
    const number = tagAt(window, at, isLittle)
    if (number === ITEM_END && end === undefined) {
      if (longAt(window, at + 4, isLittle) !== 0) throw new DicomError('DICOM_ITEM', `at ${at}`)
      return { dataSet: elements, next: at + 8 }
    }
    const tag = tagOfNumber(number)
    if (number <= previous) {
      throw new DicomError(
        'DICOM_TAG_ORDER',
        `(${tag}) after (${tagOfNumber(previous)}) at offset ${at}`,
      )
    }
    if (number >>> 16 === 0xfffe) throw new DicomError('DICOM_ITEM', `(${tag}) at offset ${at}`)
    previous = number
    const repeated = known && recall(known, number, window.bytes, at, limit)
    if (repeated !== undefined) {
      count(reader, repeated.parts)
      elements.set(tag, elementOf(repeated, tag, reader.limits, extent))
      at += repeated.bytes.length
      continue
    }
    const before = reader.parts
    count(reader, 1)
    const { element, next } = readElement(reader, tag, at, limit, extent)
    // Group lengths are retired and say nothing about identity: they are left out (PS3.5 7.2).
    const isGroupLength = (number & 0xffff) === 0 && number !== 0x00020000
    if (!isGroupLength) {
      elements.set(tag, element)
      if (known !== undefined) {
        remember(known, number, window.bytes, { at, end: next, parts: reader.parts - before })
      }
    }
    at = next
  }
}

function elementOf(known: KnownElement, tag: Tag, limits: ReadLimits, encoding: Encoding): Element {
  const { bytes } = known
  if (known.element === undefined) {
    const window = windowOver(bytes)
    const reader: Reader = { window, limits, isStored: false, known: undefined, parts: 0 }
    known.element = readElement(reader, tag, 0, bytes.length, encoding).element
  }
  return known.element
}

function readElement(
  reader: Reader,
  tag: Tag,
  start: number,
  limit: number,
  encoding: Encoding,
): { element: Element; next: number } {
  const { vr, length, at } = readHeader(reader.window, tag, start, limit, encoding)
  if (length === UNDEFINED_LENGTH) {
    if (tag === PIXEL_DATA && (vr === 'OB' || vr === 'OW') && encoding.isExplicit) {
      return readFragments(reader, tag, { ...encoding, at, end: undefined, limit })
    }
    if (vr === 'SQ') return readItems(reader, tag, { ...encoding, at, end: undefined, limit })
    // A UN of undefined length is a sequence in implicit VR little endian (PS3.5 6.2.2 note 4).
    if (vr === 'UN') {
      const inner = { ...encoding, isExplicit: false, isLittle: true }
      return readItems(reader, tag, { ...inner, at, end: undefined, limit })
    }
    throw new DicomError('DICOM_LENGTH', `(${tag}) ${vr} has no length, at offset ${start}`)
  }
  const end = at + length
  if (end > limit) throw truncated(tag, start)
  const extent = { ...encoding, at, end, limit: end }
  if (vr === 'SQ') return { element: readBoundedItems(reader, tag, extent), next: end }
  if (PIXELS.has(tag) && reader.isStored && encoding.depth === 0 && length >= MIN_STORED_BYTES) {
    const spans = [{ offset: at, length }]
    return { element: { kind: 'stored', tag, vr, spans, offsetTable: undefined }, next: end }
  }
  if (!PIXELS.has(tag) && length > reader.limits.valueBytes) {
    throw new DicomError('DICOM_TOO_MANY', `(${tag}) is longer than allowed`)
  }
  // Readers disagree about where a value ends that is no multiple of what its VR says.
  const known = PIXELS.has(tag) || length % (VALUE_BYTES[vr] ?? 1) === 0 ? vr : 'UN'
  if (known === 'UN' && encoding.isLittle) {
    return { element: readUnknown(reader, tag, extent), next: end }
  }
  const raw = bytesAt(reader.window, at, length)
  const bytes = encoding.isLittle ? raw : swapped(raw, known)
  return { element: { kind: 'value', tag, vr: known, bytes }, next: end }
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
function readBoundedItems(reader: Reader, tag: Tag, extent: Extent): SequenceElement {
  try {
    return readItems(reader, tag, extent).element
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
  extent: Extent & { readonly end: number },
): ValueElement | SequenceElement {
  const known = isCreatorTag(tag) ? 'LO' : (dictionaryEntry(tag)?.vr ?? 'UN')
  if (known === 'SQ') return readBoundedItems(reader, tag, { ...extent, isExplicit: false })
  const bytes = bytesAt(reader.window, extent.at, extent.end - extent.at)
  const fits = LONG_VRS.has(known) || NUMBER_VRS.has(known) || bytes.length <= 0xffff
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
  window: Window,
  tag: Tag,
  start: number,
  limit: number,
  { isExplicit, isLittle }: Encoding,
): { vr: Vr; length: number; at: number } {
  if (!isExplicit) {
    const vr = isCreatorTag(tag) ? 'LO' : (dictionaryEntry(tag)?.vr ?? 'UN')
    const length = longAt(window, start + 4, isLittle)
    // Contours and tables may be that long, and are written as UN; millions of names or other short
    // texts cost more than they say.
    const mayBeLong = LONG_VRS.has(vr) || NUMBER_VRS.has(vr)
    if (length !== UNDEFINED_LENGTH && length > 0xffff && !mayBeLong) {
      throw new DicomError('DICOM_LENGTH', `(${tag}) ${vr} is too long, at offset ${start}`)
    }
    return { vr, length, at: start + 8 }
  }
  const vr = KNOWN_VRS.get(vrTextAt(window, start + 4))
  if (vr === undefined) throw new DicomError('DICOM_VR', `(${tag}) at offset ${start}`)
  if (!LONG_VRS.has(vr)) {
    return { vr, length: shortAt(window, start + 6, isLittle), at: start + 8 }
  }
  if (start + 12 > limit) throw truncated(tag, start)
  return { vr, length: longAt(window, start + 8, isLittle), at: start + 12 }
}

const KNOWN_VRS: ReadonlyMap<string, Vr> = new Map(VRS.map((vr) => [vr, vr]))

function readItems(
  reader: Reader,
  tag: Tag,
  { at: start, end, limit, isExplicit, isLittle, depth }: Extent,
): { element: SequenceElement; next: number } {
  const { window } = reader
  if (depth >= reader.limits.depth) {
    throw new DicomError('DICOM_DEPTH', `(${tag}) at offset ${start} is nested too deep`)
  }
  const items: DataSet[] = []
  let at = start
  for (;;) {
    if (at === end) break
    if (at + 8 > limit) throw truncated(tag, at)
    const marker = tagAt(window, at, isLittle)
    const length = longAt(window, at + 4, isLittle)
    at += 8
    if (marker === SEQUENCE_END && end === undefined && length === 0) break
    if (marker !== ITEM) throw new DicomError('DICOM_ITEM', `in (${tag}) at offset ${at - 8}`)
    count(reader, 1)
    const itemEnd = length === UNDEFINED_LENGTH ? undefined : at + length
    if (itemEnd !== undefined && itemEnd > limit) throw truncated(tag, at)
    const item = readDataSet(reader, {
      at,
      end: itemEnd,
      limit: itemEnd ?? limit,
      isExplicit,
      isLittle,
      depth: depth + 1,
    })
    items.push(item.dataSet)
    at = item.next
  }
  return { element: { kind: 'sequence', tag, vr: 'SQ', items }, next: at }
}

function readFragments(
  reader: Reader,
  tag: Tag,
  { at: start, limit, depth, isLittle }: Extent,
): { element: Element; next: number } {
  const { window } = reader
  let offsetTable: Uint8Array | undefined
  const spans: Span[] = []
  let at = start
  for (;;) {
    if (at + 8 > limit) throw truncated(tag, at)
    // Only the headers of items are read here.
    reach(window, at, 8, 8)
    const marker = tagAt(window, at, isLittle)
    const length = longAt(window, at + 4, isLittle)
    at += 8
    if (marker === SEQUENCE_END && length === 0) break
    if (marker !== ITEM || length === UNDEFINED_LENGTH) {
      throw new DicomError('DICOM_ITEM', `in (${tag}) at offset ${at - 8}`)
    }
    if (at + length > limit) throw truncated(tag, at)
    count(reader, 1)
    if (offsetTable === undefined) {
      if (length > reader.limits.valueBytes) {
        throw new DicomError('DICOM_TOO_MANY', 'the Basic Offset Table is longer than allowed')
      }
      offsetTable = bytesAt(window, at, length)
    } else {
      if (spans.length >= reader.limits.fragments) {
        throw new DicomError('DICOM_TOO_MANY', 'there are more fragments than allowed')
      }
      spans.push({ offset: at, length })
    }
    at += length
  }
  if (offsetTable === undefined || spans.length === 0) {
    throw new DicomError('DICOM_PIXEL_LENGTH', 'encapsulated pixel data holds no fragment')
  }
  // Fragments are bytes, whatever the writer said (PS3.5 A.4).
  const vr = 'OB'
  if (reader.isStored && depth === 0) {
    return { element: { kind: 'stored', tag, vr, spans, offsetTable }, next: at }
  }
  const fragments = spans.map(({ offset, length }) => bytesAt(window, offset, length))
  return { element: { kind: 'fragments', tag, vr, offsetTable, fragments }, next: at }
}

function count(reader: Reader, parts: number): void {
  reader.parts += parts
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

function shortAt(window: Window, offset: number, isLittle: boolean): number {
  const at = reach(window, offset, 2)
  return window.view.getUint16(at, isLittle)
}

function longAt(window: Window, offset: number, isLittle: boolean): number {
  const at = reach(window, offset, 4)
  return window.view.getUint32(at, isLittle)
}

/** The group in the upper sixteen bits. */
function tagAt(window: Window, offset: number, isLittle: boolean): number {
  const at = reach(window, offset, 4)
  return window.view.getUint16(at, isLittle) * 0x10000 + window.view.getUint16(at + 2, isLittle)
}

function vrTextAt(window: Window, offset: number): string {
  const at = reach(window, offset, 2)
  return String.fromCharCode(window.view.getUint8(at), window.view.getUint8(at + 1))
}

function bytesAt(window: Window, offset: number, length: number): Uint8Array {
  const at = reach(window, offset, length)
  return window.bytes.subarray(at, at + length)
}
