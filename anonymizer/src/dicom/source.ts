/**
 * Where a file's bytes come from. A large file is not read whole: the reader looks at it through a
 * window, and pixel data stay where they are as spans (model.ts, StoredElement).
 */
import { DicomError } from './errors.ts'

/** Bytes that stay where they are: `length` of them from `offset` of the source on. */
export interface Span {
  readonly offset: number
  readonly length: number
}

/** A file that is read in parts: an open file in Node, a Blob in a browser's worker. */
export interface ByteSource {
  readonly size: number
  /** Exactly that many bytes, in memory that is the caller's own. */
  readonly read: (offset: number, length: number) => Uint8Array<ArrayBuffer>
}

/** Part of a source, addressed by offsets of the source. Moved only by `reach`. */
export interface Window {
  /** undefined: the whole file is in `bytes`. */
  readonly source: ByteSource | undefined
  readonly size: number
  bytes: Uint8Array
  view: DataView
  /** The offset of its first byte, and the one after its last. */
  from: number
  to: number
  /** Bytes that were read so far: values point into them, so they stay in memory. */
  loaded: number
}

/** What is read at once when a header is looked for. */
const WINDOW_BYTES = 65_536
/** All of a file that is held in memory, pixel data left out. */
const MAX_LOADED_BYTES = 256 * 1024 * 1024

export function windowOver(file: Uint8Array | ByteSource): Window {
  if (file instanceof Uint8Array) return windowOf(file)
  return { ...windowOf(new Uint8Array()), source: file, size: file.size }
}

function windowOf({ buffer, byteOffset, byteLength }: Uint8Array): Window {
  // A Buffer of Node is one too, whose `slice` is no copy.
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  return {
    source: undefined,
    size: bytes.length,
    bytes,
    view: new DataView(buffer, byteOffset, byteLength),
    from: 0,
    to: bytes.length,
    loaded: 0,
  }
}

/**
 * Where `offset` is within the window, which then has `length` bytes from there on; `ahead`: how
 * many are read when it has to move.
 */
export function reach(
  window: Window,
  offset: number,
  length: number,
  ahead: number = WINDOW_BYTES,
): number {
  if (offset < window.from || offset + length > window.to) move(window, offset, length, ahead)
  return offset - window.from
}

function move(window: Window, offset: number, length: number, ahead: number): void {
  const { source } = window
  const end = Math.min(window.size, offset + Math.max(length, ahead))
  if (source === undefined || offset + length > end) {
    throw new DicomError('DICOM_TRUNCATED', `at offset ${offset}`)
  }
  window.loaded += end - offset
  if (window.loaded > MAX_LOADED_BYTES) {
    throw new DicomError('DICOM_TOO_LARGE', 'there is more besides pixel data than allowed')
  }
  const bytes = source.read(offset, end - offset)
  window.bytes = bytes
  window.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  window.from = offset
  window.to = end
}

/** The whole rest of a file that cannot be read in parts. */
export function loadRest(window: Window, offset: number): Uint8Array {
  const length = window.size - offset
  if (window.source === undefined) return window.bytes.subarray(offset)
  if (length > MAX_LOADED_BYTES) {
    throw new DicomError('DICOM_TOO_LARGE', 'a file of this transfer syntax is read as a whole')
  }
  return window.source.read(offset, length)
}
