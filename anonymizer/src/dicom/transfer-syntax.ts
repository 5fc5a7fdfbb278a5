/** Transfer syntaxes (PS3.5 section 10, PS3.6 annex A) that are read. Others are refused. */

export const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2'
export const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
export const DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1.99'
/** Retired; scanners of the nineties wrote it. */
export const EXPLICIT_VR_BIG_ENDIAN = '1.2.840.10008.1.2.2'

const ENCAPSULATED = new Set([
  '1.2.840.10008.1.2.4.50', // JPEG Baseline
  '1.2.840.10008.1.2.4.51', // JPEG Extended
  '1.2.840.10008.1.2.4.57', // JPEG Lossless
  '1.2.840.10008.1.2.4.70', // JPEG Lossless SV1
  '1.2.840.10008.1.2.4.80', // JPEG-LS Lossless
  '1.2.840.10008.1.2.4.81', // JPEG-LS Near-lossless
  '1.2.840.10008.1.2.4.90', // JPEG 2000 Lossless
  '1.2.840.10008.1.2.4.91', // JPEG 2000
  '1.2.840.10008.1.2.4.201', // HTJ2K Lossless
  '1.2.840.10008.1.2.4.202', // HTJ2K Lossless RPCL
  '1.2.840.10008.1.2.4.203', // HTJ2K
  '1.2.840.10008.1.2.5', // RLE Lossless
])

export function isEncapsulated(transferSyntaxUid: string): boolean {
  return ENCAPSULATED.has(transferSyntaxUid)
}

const NATIVE = new Set([
  IMPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
])

export function isReadable(transferSyntaxUid: string): boolean {
  return NATIVE.has(transferSyntaxUid) || isEncapsulated(transferSyntaxUid)
}

/** What a file of that transfer syntax is written in. */
export function writtenAs(transferSyntaxUid: string): string {
  return NATIVE.has(transferSyntaxUid) ? EXPLICIT_VR_LITTLE_ENDIAN : transferSyntaxUid
}
