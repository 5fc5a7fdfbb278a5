/**
 * What a client accepts (PS3.18 8.7.5, RFC 9110 12.5.1): media ranges by preference, out of the query
 * parameter `accept` if there is one, else out of the header. Nothing said means anything.
 */
import { PandokError } from '@pandok/contract'
import type { Query } from './matching.ts'

export interface MediaRange {
  /** Of the parts, where it is multipart/related. */
  readonly type: string
  readonly isMultipart: boolean
  /** `*` as it stands; undefined: the default of the media type. */
  readonly transferSyntaxUid: string | undefined
}

const MAX_LENGTH = 8192
const TOKEN = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/

/** The most wanted first; equally wanted ones in their order. INPUT_INVALID for what is no media range. */
export function readAccept(header: string | undefined, query: Query): readonly MediaRange[] {
  const parameter = query['accept']
  if (parameter !== undefined && typeof parameter !== 'string') {
    throw new PandokError('INPUT_INVALID', 'accept is given more than once')
  }
  // A plus sign in an address may arrive as a space; no media type has one.
  const text = parameter?.replace(/(\w) (json|xml)/g, '$1+$2') ?? header ?? ''
  if (text.length > MAX_LENGTH) throw new PandokError('INPUT_INVALID', 'accept is too long')
  const ranges = split(text, ',').filter((range) => range !== '')
  if (ranges.length === 0) return [ANYTHING]
  return ranges
    .map(readRange)
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality)
    .map(({ range }) => range)
}

const ANYTHING: MediaRange = { type: '*/*', isMultipart: false, transferSyntaxUid: undefined }

function readRange(text: string): { range: MediaRange; quality: number } {
  const [media = '', ...parameters] = split(text, ';')
  const type = media.toLowerCase()
  if (!TOKEN.test(type)) throw new PandokError('INPUT_INVALID', 'accept holds no media type')
  const byName = new Map(parameters.map(readParameter))
  const quality = Number(byName.get('q') ?? 1)
  if (!(quality >= 0 && quality <= 1)) {
    throw new PandokError('INPUT_INVALID', 'a q value lies between 0 and 1')
  }
  const isMultipart = type === 'multipart/related'
  return {
    quality,
    range: {
      type: isMultipart ? (byName.get('type') ?? '*/*').toLowerCase() : type,
      isMultipart,
      transferSyntaxUid: byName.get('transfer-syntax'),
    },
  }
}

function readParameter(text: string): [string, string] {
  const at = text.indexOf('=')
  const name = (at < 0 ? text : text.slice(0, at)).trim().toLowerCase()
  const value = at < 0 ? '' : text.slice(at + 1).trim()
  return [name, value.replace(/^"(.*)"$/, '$1')]
}

/** At `separator` outside of quotes. */
function split(text: string, separator: string): string[] {
  const parts: string[] = []
  let isQuoted = false
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted
    else if (text[at] === separator && !isQuoted) {
      parts.push(text.slice(from, at).trim())
      from = at + 1
    }
  }
  parts.push(text.slice(from).trim())
  return parts
}

/** Wildcards cover, of all types and of one kind. */
export function covers(range: MediaRange, type: string): boolean {
  if (range.type === '*/*' || range.type === type) return true
  return range.type.endsWith('/*') && type.startsWith(range.type.slice(0, -1))
}
