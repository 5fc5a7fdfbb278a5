/**
 * Entropy coded segments of JPEG (ISO/IEC 10918-1 annexes C and F.2.2): Huffman tables and the bits
 * of one scan, restart markers included. Whatever does not fit is refused, never guessed.
 */
import { DHT, type JpegHeader, type Segment } from './jpeg-markers.ts'
import { refuse } from './refuse.ts'

/** For every 16 coming bits: the length of the code in the upper byte, its symbol in the lower. */
type HuffmanTable = Uint16Array

/** Class (0 DC and lossless, 1 AC) times four plus number. */
export type HuffmanTables = ReadonlyMap<number, HuffmanTable>

export function readHuffmanTables(segments: readonly Segment[]): HuffmanTables {
  const tables = new Map<number, HuffmanTable>()
  for (const { marker, content } of segments) {
    if (marker !== DHT) continue
    for (let at = 0; at < content.length; ) {
      const kind = content[at] ?? 0
      if ((kind & 0xe0) !== 0 || (kind & 15) > 3) refuse('a Huffman table has no possible number')
      const counts = content.subarray(at + 1, at + 17)
      const total = counts.reduce((sum, count) => sum + count, 0)
      const symbols = content.subarray(at + 17, at + 17 + total)
      if (counts.length < 16 || symbols.length < total) refuse('a Huffman table is cut off')
      tables.set((kind >> 4) * 4 + (kind & 15), expand(counts, symbols))
      at += 17 + total
    }
  }
  return tables
}

function expand(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const table = new Uint16Array(65_536)
  let next = 0
  let symbol = 0
  counts.forEach((count, index) => {
    const length = index + 1
    for (let i = 0; i < count; i++) {
      const end = next + 2 ** (16 - length)
      if (end > 65_536) refuse('a Huffman table has more codes than there can be')
      table.fill((length << 8) | (symbols[symbol] ?? 0), next, end)
      next = end
      symbol++
    }
  })
  return table
}

export class ScanBits {
  readonly #bytes: Uint8Array
  #at: number
  #window = 0
  #count = 0
  #isAtMarker = false

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes
    this.#at = start
  }

  /** A symbol of Huffman coding. */
  symbol(table: HuffmanTable): number {
    this.#fill()
    const entry = table[(this.#window >>> (this.#count - 16)) & 0xffff] ?? 0
    if (entry === 0) refuse('the code stream has a code that its table does not')
    this.#drop(entry >> 8)
    return entry & 0xff
  }

  /** A number of `length` bits, at most 16, as F.2.2.1 extends it to negative ones. */
  signed(length: number): number {
    if (length === 0) return 0
    const bits = this.bits(length)
    return bits < 2 ** (length - 1) ? bits - 2 ** length + 1 : bits
  }

  bits(length: number): number {
    this.#fill()
    const value = (this.#window >>> (this.#count - length)) & (2 ** length - 1)
    this.#drop(length)
    return value
  }

  /** The next marker must be the restart marker of this number. */
  restart(number: number): void {
    this.#skipToMarker()
    if (this.#bytes[this.#at + 1] !== 0xd0 + (number & 7)) refuse('a restart marker is missing')
    this.#at += 2
    this.#isAtMarker = false
  }

  /** After the last sample: the offset of the marker that follows. */
  end(): number {
    this.#skipToMarker()
    return this.#at
  }

  #skipToMarker(): void {
    // What is left of the last byte are ones (F.1.2.3).
    this.#count = 0
    this.#window = 0
    this.#madeUp = 0
    if (this.#bytes[this.#at] !== 0xff) refuse('there is no marker where a scan should end')
    while (this.#bytes[this.#at + 1] === 0xff) this.#at++
  }

  #madeUp = 0

  /** At least 16 bits in the window; behind the scan they are made up, and must not be used. */
  #fill(): void {
    while (this.#count < 17) {
      let byte = 0
      if (!this.#isAtMarker) {
        const next = this.#bytes[this.#at]
        if (next === undefined) refuse('the code stream ends too early')
        if (next === 0xff && this.#bytes[this.#at + 1] !== 0) this.#isAtMarker = true
        else {
          byte = next
          this.#at += next === 0xff ? 2 : 1
        }
      }
      if (this.#isAtMarker) this.#madeUp += 8
      this.#window = ((this.#window << 8) | byte) & 0xffffff
      this.#count += 8
    }
  }

  #drop(length: number): void {
    this.#count -= length
    if (this.#count < this.#madeUp) refuse('a scan ends too early')
  }
}

/** The table that a component's scan header names. */
export function tableOf(tables: HuffmanTables, kind: 0 | 1, number: number): HuffmanTable {
  return tables.get(kind * 4 + number) ?? refuse('a Huffman table is missing')
}

interface ScanComponent {
  /** Index in the frame header. */
  readonly index: number
  readonly dcTable: number
  readonly acTable: number
}

export interface Scan {
  readonly components: readonly ScanComponent[]
  /** Ss, Se and the two halves of Ah/Al: predictor and point transform in lossless coding. */
  readonly start: number
  readonly end: number
  readonly high: number
  readonly low: number
}

export function readScan({ content }: Segment, header: JpegHeader): Scan {
  const count = content[0] ?? 0
  if (content.length !== 4 + 2 * count || count < 1) refuse('a scan header is malformed')
  const components = Array.from({ length: count }, (_, at) => {
    const index = header.componentIds.indexOf(content[1 + 2 * at] ?? -1)
    if (index < 0) refuse('a scan names a component that is not there')
    const tables = content[2 + 2 * at] ?? 0
    return { index, dcTable: tables >> 4, acTable: tables & 15 }
  })
  const [start = 0, end = 0, approximation = 0] = content.subarray(1 + 2 * count)
  return { components, start, end, high: approximation >> 4, low: approximation & 15 }
}

const DRI = 0xdd

/** Units between restart markers; 0: none. */
export function restartInterval(segments: readonly Segment[]): number {
  const last = segments.findLast(({ marker }) => marker === DRI)
  return last === undefined ? 0 : (last.content[0] ?? 0) * 256 + (last.content[1] ?? 0)
}
