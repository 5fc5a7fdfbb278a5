/**
 * Transfer syntaxes and the media types of pixel data in them (PS3.18 tables 8.7.3-2 and -5), and which
 * can be made of which: anything that is decoded here becomes explicit little endian, and without a loss
 * HTJ2K.
 */

export const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
const HTJ2K_LOSSLESS = '1.2.840.10008.1.2.4.201'
const HTJ2K_LOSSLESS_RPCL = '1.2.840.10008.1.2.4.202'
const HTJ2K = '1.2.840.10008.1.2.4.203'

interface Syntax {
  readonly mediaType: string
  /** Whether what was left out comes back: such pixels are given as they are unless asked otherwise. */
  readonly isLossy: boolean
}

const OCTETS = 'application/octet-stream'

const SYNTAXES: Readonly<Record<string, Syntax>> = {
  [EXPLICIT_LITTLE_ENDIAN]: { mediaType: OCTETS, isLossy: false },
  '1.2.840.10008.1.2.4.50': { mediaType: 'image/jpeg', isLossy: true },
  '1.2.840.10008.1.2.4.51': { mediaType: 'image/jpeg', isLossy: true },
  '1.2.840.10008.1.2.4.57': { mediaType: 'image/jpeg', isLossy: false },
  '1.2.840.10008.1.2.4.70': { mediaType: 'image/jpeg', isLossy: false },
  '1.2.840.10008.1.2.4.80': { mediaType: 'image/jls', isLossy: false },
  '1.2.840.10008.1.2.4.81': { mediaType: 'image/jls', isLossy: true },
  '1.2.840.10008.1.2.4.90': { mediaType: 'image/jp2', isLossy: false },
  '1.2.840.10008.1.2.4.91': { mediaType: 'image/jp2', isLossy: true },
  [HTJ2K_LOSSLESS]: { mediaType: 'image/jphc', isLossy: false },
  [HTJ2K_LOSSLESS_RPCL]: { mediaType: 'image/jphc', isLossy: false },
  [HTJ2K]: { mediaType: 'image/jphc', isLossy: true },
  '1.2.840.10008.1.2.5': { mediaType: 'image/dicom-rle', isLossy: false },
}

/** Names that other software gives the same. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/x-jls': 'image/jls',
  'image/x-dicom-rle': 'image/dicom-rle',
}

export function canonicalType(mediaType: string): string {
  return ALIASES[mediaType] ?? mediaType
}

export function mediaTypeOf(transferSyntaxUid: string): string {
  return SYNTAXES[transferSyntaxUid]?.mediaType ?? OCTETS
}

export function isEncapsulated(transferSyntaxUid: string): boolean {
  return mediaTypeOf(transferSyntaxUid) !== OCTETS
}

export function isLossy(transferSyntaxUid: string): boolean {
  return SYNTAXES[transferSyntaxUid]?.isLossy ?? false
}

/** The default of HTJ2K is its lossless form. */
export const DEFAULT_HTJ2K = HTJ2K_LOSSLESS

export function canMake(wanted: string, stored: string): boolean {
  if (wanted === stored) return true
  if (wanted === EXPLICIT_LITTLE_ENDIAN) return isEncapsulated(stored)
  if (![HTJ2K_LOSSLESS, HTJ2K_LOSSLESS_RPCL, HTJ2K].includes(wanted)) return false
  // What has lost something once is not blown up again.
  return !isLossy(stored)
}
