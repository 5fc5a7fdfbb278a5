/**
 * Extended sequential JPEG of 12 bits, one component (ISO/IEC 10918-1 annex F, process 4): what no
 * maintained package decodes. In: a code stream. Out: little endian samples of two bytes. The
 * inverse transform is computed in floating point, as A.3.3 defines it, and rounded once.
 */
import {
  type HuffmanTables,
  readHuffmanTables,
  readScan,
  restartInterval,
  ScanBits,
  tableOf,
} from './jpeg-huffman.ts'
import type { JpegHeader, Segment } from './jpeg-markers.ts'
import { refuse } from './refuse.ts'

const DQT = 0xdb

/** `header` was compared with the shape already. */
export function decodeJpeg12(encoded: Uint8Array, header: JpegHeader): Uint8Array {
  const { width, height, components } = header
  if (components !== 1) refuse('12-bit JPEG is decoded for one component only')
  const scan = readScan(header.firstScan, header)
  // Some write 0 for the last coefficient; sequential streams have all of them.
  if (scan.start !== 0 || scan.low !== 0) refuse('the scan is not sequential')
  const coder = {
    bits: new ScanBits(encoded, header.firstScan.end),
    tables: readHuffmanTables(header.segments),
    dc: scan.components[0]?.dcTable ?? 0,
    ac: scan.components[0]?.acTable ?? 0,
    quantization: quantizationTable(header.segments, header.quantization[0] ?? 0),
  }
  const interval = restartInterval(header.segments)
  const out = new Uint16Array(width * height)
  const acrossCount = Math.ceil(width / 8)
  const blockCount = acrossCount * Math.ceil(height / 8)
  const block = new Float64Array(64)
  let previous = 0
  for (let at = 0; at < blockCount; at++) {
    if (interval > 0 && at > 0 && at % interval === 0) {
      coder.bits.restart(at / interval - 1)
      previous = 0
    }
    previous = readBlock(coder, previous, block)
    transform(block)
    const left = (at % acrossCount) * 8
    const top = Math.floor(at / acrossCount) * 8
    for (let y = 0; y < Math.min(8, height - top); y++) {
      for (let x = 0; x < Math.min(8, width - left); x++) {
        const sample = Math.round(block[y * 8 + x] ?? 0) + 2048
        out[(top + y) * width + left + x] = Math.min(4095, Math.max(0, sample))
      }
    }
  }
  coder.bits.end()
  return new Uint8Array(out.buffer)
}

interface Coder {
  readonly bits: ScanBits
  readonly tables: HuffmanTables
  readonly dc: number
  readonly ac: number
  readonly quantization: Uint16Array
}

/** Dequantised coefficients in natural order into `block`; the DC value for the next block. */
function readBlock(coder: Coder, previous: number, block: Float64Array): number {
  const { bits, quantization } = coder
  block.fill(0)
  const length = bits.symbol(tableOf(coder.tables, 0, coder.dc))
  if (length > 15) refuse('a difference has more bits than there can be')
  const dc = previous + bits.signed(length)
  block[0] = dc * (quantization[0] ?? 0)
  const table = tableOf(coder.tables, 1, coder.ac)
  for (let at = 1; at < 64; at++) {
    const symbol = bits.symbol(table)
    const size = symbol & 15
    const run = symbol >> 4
    if (size === 0 && run !== 15) break
    at += run
    if (at > 63) refuse('a block has more coefficients than there can be')
    if (size > 0) block[ZIGZAG[at] ?? 0] = bits.signed(size) * (quantization[at] ?? 0)
  }
  return dc
}

/** In zigzag order. */
function quantizationTable(segments: readonly Segment[], number: number): Uint16Array {
  let found: Uint16Array | undefined
  for (const { marker, content } of segments) {
    if (marker !== DQT) continue
    for (let at = 0; at < content.length; ) {
      const kind = content[at] ?? 0
      const size = kind >> 4 === 0 ? 1 : 2
      const end = at + 1 + 64 * size
      if (end > content.length) refuse('a quantization table is cut off')
      if ((kind & 15) === number) {
        const entries = content.subarray(at + 1, end)
        found = Uint16Array.from({ length: 64 }, (_, i) =>
          size === 1 ? (entries[i] ?? 0) : (entries[2 * i] ?? 0) * 256 + (entries[2 * i + 1] ?? 0),
        )
      }
      at = end
    }
  }
  return found ?? refuse('a quantization table is missing')
}

/** Figure A.6: the place of each coefficient in its block. */
const ZIGZAG = zigzag()

function zigzag(): number[] {
  const places = Array.from({ length: 64 }, (_, at) => ({ x: at % 8, y: Math.floor(at / 8) }))
  const order = ({ x, y }: { x: number; y: number }) => {
    const diagonal = x + y
    return diagonal * 8 + (diagonal % 2 === 0 ? x : y)
  }
  return places.sort((a, b) => order(a) - order(b)).map(({ x, y }) => y * 8 + x)
}

/** COSINE[x * 8 + u]: the share of frequency u at place x (A.3.3). */
const COSINE = Float64Array.from({ length: 64 }, (_, at) => {
  const u = at % 8
  const scale = u === 0 ? Math.SQRT1_2 : 1
  return (scale / 2) * Math.cos(((2 * Math.floor(at / 8) + 1) * u * Math.PI) / 16)
})

const half = new Float64Array(64)

/** The inverse DCT in place: rows, then columns. */
function transform(block: Float64Array): void {
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      let sum = 0
      for (let u = 0; u < 8; u++) sum += (COSINE[x * 8 + u] ?? 0) * (block[y * 8 + u] ?? 0)
      half[y * 8 + x] = sum
    }
  }
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      let sum = 0
      for (let v = 0; v < 8; v++) sum += (COSINE[y * 8 + v] ?? 0) * (half[v * 8 + x] ?? 0)
      block[y * 8 + x] = sum
    }
  }
}
