/** Conditional and partial requests (RFC 9110 13.1, 14.2): strong entity tags, ranges of bytes. */
import { PandokError } from '@pandok/contract'
import type { BytesAnswer } from '../platform/http/handler.ts'

export function etagOf(hash: string, form: string): string {
  return `"${hash}-${form}"`
}

export function hasEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  return (ifNoneMatch ?? '')
    .split(',')
    .some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === etag)
}

export function notModified(type: string, headers: Readonly<Record<string, string>>): BytesAnswer {
  return { type, body: '', status: 304, headers }
}

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/**
 * The one range asked for; undefined for the whole: no range, several ranges, another unit, or an
 * `If-Range` of other bytes. RANGE_NOT_SATISFIABLE when it lies outside.
 */
export function readRange(
  header: string | undefined,
  size: number,
  ifRange: { readonly value: string | undefined; readonly etag: string },
): ByteRange | undefined {
  if (header === undefined) return undefined
  if (ifRange.value !== undefined && ifRange.value !== ifRange.etag) return undefined
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.replaceAll(' ', ''))
  const [, first = '', last = ''] = match ?? []
  if (match === null || (first === '' && last === '')) return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    if (length === 0) throw new PandokError('RANGE_NOT_SATISFIABLE')
    return { offset: size - length, length }
  }
  const offset = Number(first)
  if (offset >= size) throw new PandokError('RANGE_NOT_SATISFIABLE')
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  // An end before the beginning is no range at all.
  return end < offset ? undefined : { offset, length: end - offset + 1 }
}

export function contentRange({ offset, length }: ByteRange, size: number): string {
  return `bytes ${offset}-${offset + length - 1}/${size}`
}
