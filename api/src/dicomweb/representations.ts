/**
 * Which representation an answer has (PS3.18 8.7.8): the first acceptable one that is there or can be
 * made. NOT_ACCEPTABLE when there is none.
 */
import { PandokError } from '@pandok/contract'
import { covers, type MediaRange } from './accept.ts'
import {
  canMake,
  canonicalType,
  DEFAULT_HTJ2K,
  EXPLICIT_LITTLE_ENDIAN,
  isEncapsulated,
  isLossy,
  mediaTypeOf,
} from './syntaxes.ts'

export const DICOM = 'application/dicom'
export const ZIP = 'application/zip'
export const OCTETS = 'application/octet-stream'

export interface InstanceForm {
  readonly kind: 'multipart' | 'single' | 'zip'
  /** In which an instance of that transfer syntax is sent. */
  readonly syntaxFor: (stored: string) => string
}

/** Of instances in these transfer syntaxes; only one instance may be a single part. */
export function chooseInstanceForm(
  ranges: readonly MediaRange[],
  stored: readonly string[],
  canBeSingle: boolean,
): InstanceForm {
  for (const range of ranges) {
    const isAnything = range.type === '*/*'
    const isZip = range.type === ZIP && !range.isMultipart
    if (!isAnything && !isZip && !covers(range, DICOM)) continue
    if (!range.isMultipart && !isAnything && !isZip && !canBeSingle) continue
    const syntaxFor = (syntax: string) => instanceSyntax(range, syntax)
    if (!stored.every((syntax) => canMake(syntaxFor(syntax), syntax))) continue
    // Without a wish, more than one part is the standard's default.
    const kind = isZip ? 'zip' : range.isMultipart || isAnything ? 'multipart' : 'single'
    return { kind, syntaxFor }
  }
  throw new PandokError('NOT_ACCEPTABLE')
}

function instanceSyntax({ type, transferSyntaxUid }: MediaRange, stored: string): string {
  if (transferSyntaxUid === '*') return stored
  if (transferSyntaxUid !== undefined) return transferSyntaxUid
  // Who takes anything gets the archived bytes; who names the type, the default of table 8.7.3-2.
  return type === '*/*' || isLossy(stored) ? stored : EXPLICIT_LITTLE_ENDIAN
}

export interface FrameForm {
  readonly isMultipart: boolean
  readonly mediaType: string
  readonly transferSyntaxUid: string
}

/** Of `count` frames or values that are stored in this transfer syntax. */
export function chooseFrameForm(
  ranges: readonly MediaRange[],
  stored: string,
  count: number,
): FrameForm {
  for (const range of ranges) {
    const isMultipart = range.isMultipart || (range.type === '*/*' && !range.isMultipart)
    if (!isMultipart && count > 1) continue
    const form = frameForm(range, stored)
    if (form !== undefined && canMake(form.transferSyntaxUid, stored))
      return { isMultipart, ...form }
  }
  throw new PandokError('NOT_ACCEPTABLE')
}

function frameForm(
  { type, transferSyntaxUid }: MediaRange,
  stored: string,
): Omit<FrameForm, 'isMultipart'> | undefined {
  const wanted = transferSyntaxUid === '*' ? stored : transferSyntaxUid
  const mediaType = canonicalType(type)
  if (mediaType === '*/*') {
    const syntax = wanted ?? stored
    return { mediaType: mediaTypeOf(syntax), transferSyntaxUid: syntax }
  }
  // Octets without a transfer syntax are native (table 8.7.3-5); with one, whatever it says.
  if (mediaType === OCTETS || mediaType === 'application/*') {
    return { mediaType: OCTETS, transferSyntaxUid: wanted ?? EXPLICIT_LITTLE_ENDIAN }
  }
  if (!mediaType.startsWith('image/')) return undefined
  const isStored = mediaType === 'image/*' || mediaTypeOf(stored) === mediaType
  const syntax =
    wanted ?? (isStored ? stored : mediaType === 'image/jphc' ? DEFAULT_HTJ2K : undefined)
  if (syntax === undefined || !isEncapsulated(syntax)) return undefined
  if (mediaType !== 'image/*' && mediaTypeOf(syntax) !== mediaType) return undefined
  return { mediaType: mediaTypeOf(syntax), transferSyntaxUid: syntax }
}
