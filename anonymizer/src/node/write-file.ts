/** Writes a file that comes in pieces: bytes, and spans that are copied from its source. */
import { closeSync, openSync, rmSync, writeSync, writevSync } from 'node:fs'
import { DicomError, type Piece } from '../dicom/index.ts'
import type { OpenFile } from './open-file.ts'

/** Writing failed: of the machine, not of the input. */
export class WriteError extends Error {}

/** Small enough for a processor's cache, large enough that calls cost nothing. */
const COPIED_AT_ONCE = 1024 * 1024

/**
 * A new file at `path`, or none. WriteError when it cannot be written; what goes wrong with reading
 * the source is thrown as it is.
 */
export function writeFile(path: string, pieces: readonly Piece[], source?: OpenFile): void {
  try {
    const fd = openSync(path, 'wx', 0o644)
    try {
      if (source === undefined) writeAll(fd, pieces.filter(isBytes))
      else copyAll(fd, pieces, source)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    rmSync(path, { force: true })
    const system = error instanceof Error && 'code' in error ? error : undefined
    const isOfSource =
      error instanceof DicomError ||
      (system !== undefined && 'syscall' in system && system.syscall === 'read')
    if (isOfSource) throw error
    throw new WriteError(system === undefined ? '' : String(system.code))
  }
}

function isBytes(piece: Piece): piece is Uint8Array<ArrayBuffer> {
  return piece instanceof Uint8Array
}

function writeAll(fd: number, chunks: readonly Uint8Array[]): void {
  let left = chunks
  while (left.length > 0) left = after(left, writevSync(fd, left))
}

/** What is left of the pieces when `count` bytes are written. */
function after(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let rest = count
  let at = 0
  for (let chunk = chunks[at]; chunk !== undefined && rest >= chunk.length; chunk = chunks[++at]) {
    rest -= chunk.length
  }
  const [first, ...others] = chunks.slice(at)
  return first === undefined ? [] : [first.subarray(rest), ...others]
}

let copied: Uint8Array<ArrayBuffer> | undefined

/** One buffer is filled and written again and again, so that the pieces may be of any size. */
function copyAll(fd: number, pieces: readonly Piece[], source: OpenFile): void {
  const buffer = (copied ??= new Uint8Array(COPIED_AT_ONCE))
  let used = 0
  const flush = () => {
    for (let at = 0; at < used; ) at += writeSync(fd, buffer, at, used - at)
    used = 0
  }
  for (const piece of pieces) {
    for (let done = 0; done < piece.length; ) {
      const count = Math.min(piece.length - done, buffer.length - used)
      if (isBytes(piece)) buffer.set(piece.subarray(done, done + count), used)
      else source.readInto(buffer.subarray(used, used + count), piece.offset + done)
      used += count
      done += count
      if (used === buffer.length) flush()
    }
  }
  flush()
}
