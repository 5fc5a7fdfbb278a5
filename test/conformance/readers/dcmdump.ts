/**
 * The dump of dcmtk's dcmdump as rows, and our own rows in the words of such a dump. In: what
 * `dcmdump -q -dc +F +L -Un +Qo -M` prints for several files. Values that it did not load are told
 * by their length alone.
 */
import type { OwnRow } from './element-rows.ts'

export interface DumpRow {
  readonly path: string
  readonly vr: string
  /** Bytes; undefined for sequences and encapsulated pixel data. */
  readonly length: number | undefined
  /** As printed, without padding; undefined: not printed. */
  readonly text: string | undefined
}

const HEADER = /^# dcmdump \(\d+\/\d+\): /
const LINE = /^( *)\(([0-9a-f]{4}),([0-9a-f]{4})\) (\S\S) (.*)$/
const ENDING = /^(.*?) *#\s+(u\/l|\d+),\s*(?:\d+|u\/l)(?:-n|-\d+)? \S.*$/

/** One list for each file, in the order in which they were named. */
export function parseDump(output: string): DumpRow[][] {
  const files: DumpRow[][] = []
  /** Paths of the sequences that are open, and how many of their items were begun. */
  let open: { path: string; items: number }[] = []
  for (const line of output.split('\n')) {
    if (HEADER.test(line)) {
      files.push([])
      open = []
      continue
    }
    const parts = LINE.exec(line)
    const rows = files.at(-1)
    if (parts === null || rows === undefined) continue
    const [, indent = '', group = '', element = '', vr = '', rest = ''] = parts
    const tag = `${group}${element}`.toUpperCase()
    // Each sequence indents twice: its items once, what is in them once more.
    open = open.slice(0, Math.ceil(indent.length / 4))
    const sequence = open.at(-1)
    if (tag === 'FFFEE000') {
      if (sequence !== undefined) sequence.items++
      continue
    }
    if (tag.startsWith('FFFE')) continue
    const path = sequence === undefined ? tag : `${sequence.path}[${sequence.items - 1}].${tag}`
    if (vr === 'SQ' || rest.startsWith('(PixelSequence')) {
      open.push({ path, items: 0 })
      rows.push({ path, vr, length: undefined, text: undefined })
      continue
    }
    const [, content = '', length = ''] = ENDING.exec(rest) ?? []
    rows.push({ path, vr, length: Number(length), text: textOf(content) })
  }
  return files
}

function textOf(content: string): string | undefined {
  if (content === '(no value available)') return ''
  if (content === '(not loaded)') return undefined
  return content.startsWith('[') ? unpadded(content.slice(1, -1)) : content
}

function unpadded(text: string): string {
  return text.replace(/(?:\\000| )+$/, '')
}

/** Longer values are not loaded. */
const LOADED = 4096

export function asDumped({ path, vr, length, bytes }: OwnRow): DumpRow {
  if (vr === 'SQ' || length === -1) return { path, vr, length: undefined, text: undefined }
  if (length > LOADED) return { path, vr, length, text: undefined }
  return { path, vr, length, text: length === 0 ? '' : printed(vr, bytes) }
}

function printed(vr: string, bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const each = (size: number, print: (at: number) => string) =>
    Array.from({ length: Math.floor(bytes.length / size) }, (_, at) => print(at * size)).join('\\')
  const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0')
  switch (vr) {
    case 'US':
      return each(2, (at) => view.getUint16(at, true).toString())
    case 'SS':
      return each(2, (at) => view.getInt16(at, true).toString())
    case 'UL':
      return each(4, (at) => view.getUint32(at, true).toString())
    case 'SL':
      return each(4, (at) => view.getInt32(at, true).toString())
    case 'AT':
      return each(
        4,
        (at) => `(${hex(view.getUint16(at, true), 4)},${hex(view.getUint16(at + 2, true), 4)})`,
      )
    case 'OB':
    case 'UN':
      return each(1, (at) => hex(view.getUint8(at), 2))
    case 'OW':
      return each(2, (at) => hex(view.getUint16(at, true), 4))
    case 'FL':
    case 'OF':
      return each(4, (at) => view.getFloat32(at, true).toPrecision(6))
    case 'FD':
    case 'OD':
      return each(8, (at) => view.getFloat64(at, true).toPrecision(6))
    case 'OL':
    case 'OV':
    case 'SV':
    case 'UV':
      return undefined
    default: {
      const text = Array.from(bytes, (byte) =>
        byte < 0x20 || byte >= 0x7f
          ? `\\${byte.toString(8).padStart(3, '0')}`
          : String.fromCharCode(byte),
      )
      return unpadded(text.join(''))
    }
  }
}

/** Both printed alike; numbers with a point to the six digits that matter. */
export function comparable(row: DumpRow, isPrinted: boolean): string {
  const isReal = ['FL', 'FD', 'OF', 'OD'].includes(row.vr)
  const text = isReal && isPrinted ? sixDigits(row.text) : row.text
  return [row.path, row.vr, row.length, text].join('\t')
}

function sixDigits(text: string | undefined): string | undefined {
  return text
    ?.split('\\')
    .map((each) => Number(each).toPrecision(6))
    .join('\\')
}
