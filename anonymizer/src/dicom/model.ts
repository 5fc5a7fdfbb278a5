/**
 * The shape of a DICOM data set in memory (PS3.5 section 7), shared by reader, writer and engine.
 * Values stay as encoded bytes, little endian, until somebody asks for them, so that what is
 * not touched is written back bit by bit.
 */
import type { Span } from './source.ts'

/** Value representations of PS3.5 table 6.2-1. */
export const VRS = [
  'AE',
  'AS',
  'AT',
  'CS',
  'DA',
  'DS',
  'DT',
  'FD',
  'FL',
  'IS',
  'LO',
  'LT',
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'PN',
  'SH',
  'SL',
  'SQ',
  'SS',
  'ST',
  'SV',
  'TM',
  'UC',
  'UI',
  'UL',
  'UN',
  'UR',
  'US',
  'UT',
  'UV',
] as const
export type Vr = (typeof VRS)[number]

/** VRs with a 32-bit length in explicit VR (PS3.5 table 7.1-1). */
export const LONG_VRS: ReadonlySet<string> = new Set([
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'SQ',
  'SV',
  'UC',
  'UN',
  'UR',
  'UT',
  'UV',
])

/** Numbers whose VR has a 16-bit length: longer values are written as UN (PS3.5 6.2.2). */
export const NUMBER_VRS: ReadonlySet<string> = new Set([
  'AT',
  'DS',
  'FD',
  'FL',
  'IS',
  'SL',
  'SS',
  'UL',
  'US',
])

/** VRs whose text (0008,0005) governs (PS3.5 6.1.2.2). */
export const CHARSET_VRS: ReadonlySet<Vr> = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT'])

/** Eight upper-case hexadecimal digits, group then element: '0020000D'. */
export type Tag = string

/** One encoded value; `bytes` has even length, little endian, padding included. */
export interface ValueElement {
  readonly kind: 'value'
  readonly tag: Tag
  readonly vr: Exclude<Vr, 'SQ'>
  readonly bytes: Uint8Array
}

export interface SequenceElement {
  readonly kind: 'sequence'
  readonly tag: Tag
  readonly vr: 'SQ'
  readonly items: readonly DataSet[]
  /** What stood here could not be read as items; none of it is in `items`. */
  readonly isUnreadable?: true
}

/** Encapsulated pixel data (PS3.5 A.4): the Basic Offset Table item, then the fragments. */
export interface FragmentsElement {
  readonly kind: 'fragments'
  readonly tag: Tag
  readonly vr: 'OB'
  readonly offsetTable: Uint8Array
  readonly fragments: readonly Uint8Array[]
}

/** Pixel data that stay in their source; `loadElement` fetches them. */
export interface StoredElement {
  readonly kind: 'stored'
  readonly tag: Tag
  readonly vr: Exclude<Vr, 'SQ'>
  /** The value in one span, or the fragments of encapsulated pixel data in their order. */
  readonly spans: readonly Span[]
  /** The Basic Offset Table of encapsulated pixel data; undefined: native. */
  readonly offsetTable: Uint8Array | undefined
}

export type Element = ValueElement | SequenceElement | FragmentsElement | StoredElement

/** Elements by tag, in ascending order of tag. */
export type DataSet = ReadonlyMap<Tag, Element>

/** A PS3.10 file: preamble left out, group 0002 apart from the rest. */
export interface DicomFile {
  readonly meta: DataSet
  readonly transferSyntaxUid: string
  readonly dataSet: DataSet
}
