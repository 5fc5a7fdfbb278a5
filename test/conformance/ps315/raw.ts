/** Bytes of DICOM as a careless or hostile writer would make them (explicit VR little endian). */

const LONG = new Set(['OB', 'OW', 'OF', 'SQ', 'UN', 'UT', 'UC', 'UR'])
export const UNDEFINED = 0xffffffff

/** An element; `length` is what its header says, whatever `content` holds. */
export function raw(
  tag: string,
  vr: string,
  content: Uint8Array | string,
  length?: number,
): Buffer {
  const bytes = typeof content === 'string' ? padded(content) : Buffer.from(content)
  const declared = length ?? bytes.length
  const head = Buffer.alloc(LONG.has(vr) || vr === 'ZZ' ? 12 : 8)
  writeTag(head, tag)
  head.write(vr, 4, 'latin1')
  if (head.length === 12) head.writeUInt32LE(declared, 8)
  else head.writeUInt16LE(declared, 6)
  return Buffer.concat([head, bytes])
}

/** An element in implicit VR. */
export function implicit(tag: string, content: Uint8Array | string, length?: number): Buffer {
  const bytes = typeof content === 'string' ? padded(content) : Buffer.from(content)
  const head = Buffer.alloc(8)
  writeTag(head, tag)
  head.writeUInt32LE(length ?? bytes.length, 4)
  return Buffer.concat([head, bytes])
}

export function item(content: Uint8Array, length = content.length): Buffer {
  return implicit('FFFEE000', content, length)
}

export const ITEM_END = implicit('FFFEE00D', '')
export const SEQUENCE_END = implicit('FFFEE0DD', '')

/** A Part 10 file of these elements, with what else is wanted before them. */
export function fileOf(
  elements: readonly Uint8Array[],
  before: { preamble?: string; meta?: readonly Uint8Array[] } = {},
): Buffer {
  const meta = Buffer.concat([
    raw('00020001', 'OB', Buffer.from([0, 1])),
    raw('00020002', 'UI', '1.2.840.10008.5.1.4.1.1.2'),
    raw('00020003', 'UI', '1.2.826.0.1.9001'),
    raw('00020010', 'UI', '1.2.840.10008.1.2.1'),
    ...(before.meta ?? []),
  ])
  const length = Buffer.alloc(4)
  length.writeUInt32LE(meta.length)
  const preamble = Buffer.alloc(128)
  preamble.write(before.preamble ?? '', 'latin1')
  return Buffer.concat([
    preamble,
    Buffer.from('DICM'),
    raw('00020000', 'UL', length),
    meta,
    ...elements,
  ])
}

function padded(text: string): Buffer {
  return Buffer.from(text.length % 2 === 0 ? text : `${text} `, 'latin1')
}

function writeTag(head: Buffer, tag: string): void {
  head.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0)
  head.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2)
}
