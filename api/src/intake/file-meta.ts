/**
 * The names that a DICOM file gives itself in its File Meta Information (PS3.10 7.1), for the answer to
 * whoever sends it. A linear read of at most 4 KiB that follows no length beyond them; whether the data
 * set says the same is judged in a child process later.
 */

export const META_BYTES = 4096

export interface FileMeta {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly transferSyntaxUid: string
}

const PREAMBLE_BYTES = 128
const GROUP = 0x0002
/** Explicit VRs with a length of four bytes (PS3.5 7.1.2). */
export const LONG_VRS: ReadonlySet<string> = new Set([
  'OB',
  'OW',
  'OF',
  'OD',
  'OL',
  'OV',
  'SQ',
  'UN',
  'UC',
  'UR',
  'UT',
  'SV',
  'UV',
])
/** PS3.5 9.1. */
export const UID = /^(?=.{1,64}$)[0-9]+(\.[0-9]+)*$/
/** Elements of group 0002. */
const [SOP_CLASS, SOP_INSTANCE, TRANSFER_SYNTAX] = [0x0002, 0x0003, 0x0010]
const NAMES: ReadonlySet<number> = new Set([SOP_CLASS, SOP_INSTANCE, TRANSFER_SYNTAX])

/** undefined: no Part 10 file, or without its names. */
export function readFileMeta(bytes: Buffer): FileMeta | undefined {
  const head = bytes.subarray(0, META_BYTES)
  if (head.toString('latin1', PREAMBLE_BYTES, PREAMBLE_BYTES + 4) !== 'DICM') return undefined
  const found = new Map<number, string>()
  let at = PREAMBLE_BYTES + 4
  // Explicit VR little endian, whatever the data set's transfer syntax is.
  while (at + 12 <= head.length && head.readUInt16LE(at) === GROUP) {
    const element = head.readUInt16LE(at + 2)
    const isLong = LONG_VRS.has(head.toString('latin1', at + 4, at + 6))
    const length = isLong ? head.readUInt32LE(at + 8) : head.readUInt16LE(at + 6)
    const start = at + (isLong ? 12 : 8)
    const end = start + length
    if (NAMES.has(element) && end <= head.length) {
      const text = head.toString('latin1', start, end).replace(/[\0 ]+$/, '')
      if (!UID.test(text)) return undefined
      found.set(element, text)
    }
    at = end
  }
  const [sopClassUid, sopInstanceUid, transferSyntaxUid] = [
    found.get(SOP_CLASS),
    found.get(SOP_INSTANCE),
    found.get(TRANSFER_SYNTAX),
  ]
  const isWhole =
    sopClassUid !== undefined && sopInstanceUid !== undefined && transferSyntaxUid !== undefined
  return isWhole ? { sopClassUid, sopInstanceUid, transferSyntaxUid } : undefined
}
