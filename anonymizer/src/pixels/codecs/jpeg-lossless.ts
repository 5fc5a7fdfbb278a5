/**
 * Lossless JPEG, processes 14 with any predictor (ISO/IEC 10918-1 annex H). In: a code stream of
 * one scan for all components. Out: little endian samples of one byte or two, colour by pixel.
 */

import type { FrameShape } from '../model.ts'
import { readHuffmanTables, readScan, restartInterval, ScanBits, tableOf } from './jpeg-huffman.ts'
import { readJpegHeader } from './jpeg-markers.ts'
import { refuse } from './refuse.ts'
import { requireSize } from './stream-size.ts'

const SOF3 = 0xc3

export function decodeJpegLossless(
  encoded: Uint8Array,
  shape: FrameShape,
): { bytes: Uint8Array; precision: number } {
  const header = readJpegHeader(encoded)
  if (header.process !== SOF3) refuse('the code stream is no lossless JPEG')
  requireSize(header, shape)
  const { width, height, components, precision } = header
  const scan = readScan(header.firstScan, header)
  const isWhole =
    scan.components.length === components && scan.components.every(({ index }, at) => index === at)
  if (!isWhole) refuse('lossless JPEG of several scans is not decoded')
  if (header.sampling.some(([across, down]) => across !== 1 || down !== 1)) {
    refuse('lossless JPEG of several samplings is not decoded')
  }
  if (scan.start < 1 || scan.start > 7 || scan.low >= precision)
    refuse('there is no such predictor')
  const huffman = readHuffmanTables(header.segments)
  const tables = scan.components.map(({ dcTable }) => tableOf(huffman, 0, dcTable))
  const interval = restartInterval(header.segments)
  if (interval % width !== 0) refuse('a restart within a row is not decoded')
  const bits = new ScanBits(encoded, header.firstScan.end)
  const samples = new Uint16Array(width * height * components)
  const middle = 2 ** (precision - scan.low - 1)
  const rowLength = width * components
  let restartRow = 0
  for (let row = 0; row < height; row++) {
    if (interval > 0 && row > 0 && row % (interval / width) === 0) {
      bits.restart(row / (interval / width) - 1)
      restartRow = row
    }
    const from = row * rowLength
    for (let at = from; at < from + rowLength; at++) {
      const isFirst = at < from + components
      const left = samples[at - components] ?? 0
      const above = samples[at - rowLength] ?? 0
      let predicted: number
      if (row === restartRow) predicted = isFirst ? middle : left
      else if (isFirst) predicted = above
      else predicted = predict(scan.start, left, above, samples[at - rowLength - components] ?? 0)
      const table = tables[(at - from) % components] ?? refuse('a Huffman table is missing')
      const length = bits.symbol(table)
      if (length > 16) refuse('a difference has more bits than there can be')
      const difference = length === 16 ? 32_768 : bits.signed(length)
      samples[at] = predicted + difference
    }
  }
  bits.end()
  if (scan.low > 0)
    for (let at = 0; at < samples.length; at++) samples[at] = (samples[at] ?? 0) << scan.low
  const bytes = precision <= 8 ? Uint8Array.from(samples) : new Uint8Array(samples.buffer)
  return { bytes, precision }
}

/** Table H.1. */
function predict(predictor: number, a: number, b: number, c: number): number {
  switch (predictor) {
    case 1:
      return a
    case 2:
      return b
    case 3:
      return c
    case 4:
      return a + b - c
    case 5:
      return a + ((b - c) >> 1)
    case 6:
      return b + ((a - c) >> 1)
    default:
      return (a + b) >> 1
  }
}
