/** Media types of DICOMweb answers (PS3.18 8.7): what Accept asks for, and multipart bodies. */
import { randomBytes } from 'node:crypto'
import { PandokError } from '@pandok/contract'

/** Bulk data media type of an encapsulated frame (PS3.18 table 8.7.3-5). */
const FRAME_TYPES: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.4.50': 'image/jpeg',
  '1.2.840.10008.1.2.4.51': 'image/jpeg',
  '1.2.840.10008.1.2.4.57': 'image/jpeg',
  '1.2.840.10008.1.2.4.70': 'image/jpeg',
  '1.2.840.10008.1.2.4.80': 'image/jls',
  '1.2.840.10008.1.2.4.81': 'image/jls',
  '1.2.840.10008.1.2.4.90': 'image/jp2',
  '1.2.840.10008.1.2.4.91': 'image/jp2',
  '1.2.840.10008.1.2.4.201': 'image/jphc',
  '1.2.840.10008.1.2.4.202': 'image/jphc',
  '1.2.840.10008.1.2.4.203': 'image/jphc',
  '1.2.840.10008.1.2.5': 'image/dicom-rle',
}

export function frameType(transferSyntaxUid: string): string {
  return FRAME_TYPES[transferSyntaxUid] ?? 'application/octet-stream'
}

export interface Accepted {
  readonly isMultipart: boolean
}

/**
 * How to send parts of `type`. Accept absent or a wildcard means multipart, the standard's default
 * for more than one part. NOT_ACCEPTABLE when neither form is asked for.
 */
export function negotiate(accept: string | undefined, type: string): Accepted {
  const ranges = (accept ?? '*/*').split(',').map((range) => range.trim().toLowerCase())
  for (const range of ranges) {
    const [media = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (media === '*/*' || media === '') return { isMultipart: true }
    if (media === 'multipart/related') {
      const wanted = parameters
        .find((part) => part.startsWith('type='))
        ?.slice(5)
        .replaceAll('"', '')
      if (wanted === undefined || wanted === type || wanted === '*/*') return { isMultipart: true }
    }
    // Asked for octets, a client takes whatever is stored (transfer-syntax=*).
    if (media === type || media === 'application/octet-stream') return { isMultipart: false }
  }
  throw new PandokError('NOT_ACCEPTABLE')
}

/** A multipart/related body of parts that all have one type (RFC 2387). */
export function multipart(
  type: string,
  parts: readonly Buffer[],
  parameters: string,
): { type: string; body: Buffer } {
  const boundary = `pandok-${randomBytes(12).toString('hex')}`
  const head = Buffer.from(`--${boundary}\r\nContent-Type: ${type}${parameters}\r\n\r\n`)
  const chunks = parts.flatMap((part) => [head, part, Buffer.from('\r\n')])
  return {
    type: `multipart/related; type="${type}"; boundary=${boundary}`,
    body: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
  }
}
