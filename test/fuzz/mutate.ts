/** Changes to bytes that parsers stumble over: at random, and where elements and items begin. */
import fc from 'fast-check'
import type { Encoded } from './encode.ts'

export interface Change {
  readonly kind:
    | 'byte'
    | 'short'
    | 'long'
    | 'cut'
    | 'repeat'
    | 'drop'
    | 'copy'
    | 'vr'
    | 'tag'
    | 'swap'
  /** Where: of all bytes, or of all edges, in parts of 2^16. */
  readonly place: number
  readonly isAtEdge: boolean
  readonly value: number
  readonly other: number
}

const WHOLE = 0x10000
/** What lengths and tags are set to. */
const NASTY = [0, 1, 2, 0xff, 0xfffe, 0xffff, 0x7fffffff, 0xfffffffe, 0xffffffff, 0xe000fffe]
const VRS = ['LO', 'PN', 'UN', 'SQ', 'OB', 'UT', 'DA', 'UI', 'US', 'ZZ', 'OW', 'CS', 'FD', '\0\0']
/** Group and element, little endian after each other: what is kept, removed, walked or ends something. */
const TAGS = [
  0x00080005, 0x00080016, 0x00081030, 0x00090010, 0x00100010, 0x00100020, 0x00120063, 0x0040a730,
  0x00282000, 0x00281201, 0x0020000d, 0x60003000, 0x7fe00010, 0xfffee000, 0xfffee00d, 0xfffee0dd,
  0xfffcfffc, 0x04000561, 0x52009230, 0x00540016,
]

const KINDS = [
  'byte',
  'short',
  'long',
  'cut',
  'repeat',
  'drop',
  'copy',
  'vr',
  'tag',
  'swap',
] as const

const BYTES = ['byte', 'byte', 'byte'] as const

export const changes = fc.array(
  fc.record({
    // Single bytes leave most of a file as it was.
    kind: fc.constantFrom(...KINDS, ...BYTES),
    place: fc.nat(WHOLE - 1),
    isAtEdge: fc.boolean(),
    value: fc.nat(WHOLE - 1),
    other: fc.nat(WHOLE - 1),
  }),
  { minLength: 1, maxLength: 3 },
)

/** Offsets of the unchanged file are used throughout: later changes hit what earlier ones moved. */
export function mutate(seed: Encoded, list: readonly Change[]): Buffer {
  let bytes: Buffer = Buffer.from(seed.bytes)
  for (const change of list) {
    if (bytes.length < 300) break
    bytes = apply(bytes, seed.edges, change)
  }
  return bytes
}

function apply(before: Buffer, edges: readonly number[], change: Change): Buffer {
  const { kind, value } = change
  const at = placeOf(before, edges, change.place, change.isAtEdge)
  const next = edges.find((edge) => edge > at) ?? before.length
  const length = change.isAtEdge ? Math.min(next, before.length) - at : value % 64
  const bytes = Buffer.from(before)
  switch (kind) {
    case 'byte':
      bytes[at] = value & 0xff
      return bytes
    case 'short':
      bytes.writeUInt16LE(pick(NASTY, value) & 0xffff, at + (change.isAtEdge ? 6 : 0))
      return bytes
    case 'long':
      bytes.writeUInt32LE(pick(NASTY, value), at + (change.isAtEdge ? (value % 2) * 4 + 4 : 0))
      return bytes
    case 'cut':
      return bytes.subarray(0, Math.max(at, 300))
    case 'repeat':
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])
    case 'drop':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    case 'copy': {
      const from = placeOf(bytes, edges, change.other, change.isAtEdge)
      bytes.copy(bytes, at, from, from + length)
      return bytes
    }
    case 'vr':
      bytes.write(pick(VRS, value), at + 4, 'latin1')
      return bytes
    case 'tag': {
      const tag = pick(TAGS, value)
      bytes.writeUInt16LE(tag >>> 16, at)
      bytes.writeUInt16LE(tag & 0xffff, at + 2)
      return bytes
    }
    case 'swap': {
      const end = at + length
      const after = edges.find((edge) => edge > end) ?? bytes.length
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(end, after),
        bytes.subarray(at, end),
        bytes.subarray(after),
      ])
    }
  }
}

function placeOf(bytes: Buffer, edges: readonly number[], place: number, isEdge: boolean): number {
  const edge = edges[Math.floor((place * edges.length) / WHOLE)] ?? 132
  const first = edges[0] ?? 132
  const free = first + Math.floor((place * (bytes.length - first - 16)) / WHOLE)
  // Room for a header, whatever was cut before.
  return Math.min(isEdge ? edge : free, bytes.length - 16)
}

function pick<T>(list: readonly T[], value: number): T {
  const picked = list[value % list.length]
  if (picked === undefined) throw new RangeError('an empty list')
  return picked
}
