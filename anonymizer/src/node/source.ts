/** The bytes of one input, in a child process: sizes are held to what was announced. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { crc32, inflateRawSync } from 'node:zlib'
import { DicomError } from '../dicom/index.ts'
import type { Source } from './inputs.ts'
import { fileSource, type OpenFile } from './open-file.ts'

/** Larger files are read in parts: the heads of them, and pixel data while they are copied. */
const MAX_WHOLE_BYTES = 8 * 1024 * 1024
/** Larger entries of zips are refused: they would not fit a child's memory. */
const MAX_ENTRY_BYTES = 2 * 1024 * 1024 * 1024
const LOCAL_HEADER_BYTES = 30
const LOCAL_HEADER = 0x04034b50

export interface SourceReader {
  /** Bytes are valid until the next call; an open file is the caller's to close. Throws DicomError. */
  readonly open: (source: Source) => Uint8Array<ArrayBuffer> | OpenFile
}

/** One buffer serves all: fresh memory for each would cost more than parsing. */
export function createSourceReader(): SourceReader {
  let buffer = new Uint8Array(MAX_WHOLE_BYTES)
  const room = (bytes: number): Uint8Array<ArrayBuffer> => {
    if (bytes > buffer.length) buffer = new Uint8Array(bytes)
    return buffer.subarray(0, bytes)
  }
  return {
    open: (source) => {
      const fd = openSync(source.path, 'r')
      let isHandedOver = false
      try {
        if (source.kind === 'zip') return inflated(fd, source, room)
        const { size } = fstatSync(fd)
        if (size <= MAX_WHOLE_BYTES) return readFully(fd, room(size), 0)
        isHandedOver = true
        return fileSource(fd, size)
      } finally {
        if (!isHandedOver) closeSync(fd)
      }
    },
  }
}

/** PS3.10 says nothing of zips; this is APPNOTE 4.3.7, sizes from the central directory. */
function inflated(
  fd: number,
  source: Extract<Source, { kind: 'zip' }>,
  room: (bytes: number) => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (source.bytes > MAX_ENTRY_BYTES || source.compressedBytes > MAX_ENTRY_BYTES) throw tooLarge()
  const header = readFully(fd, new Uint8Array(LOCAL_HEADER_BYTES), source.offset)
  const view = new DataView(header.buffer)
  if (view.getUint32(0, true) !== LOCAL_HEADER) throw damaged()
  const start =
    source.offset + LOCAL_HEADER_BYTES + view.getUint16(26, true) + view.getUint16(28, true)
  const stored = readFully(fd, room(source.compressedBytes), start)
  const bytes = source.isDeflated ? inflate(stored, source.bytes) : stored
  if (bytes.length !== source.bytes || crc32(bytes) !== source.crc32) throw damaged()
  return bytes
}

/** Never more than announced: a bomb ends here. */
function inflate(stored: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return inflateRawSync(stored, { maxOutputLength: Math.max(1, bytes) })
  } catch {
    throw damaged()
  }
}

function readFully(
  fd: number,
  into: Uint8Array<ArrayBuffer>,
  start: number,
): Uint8Array<ArrayBuffer> {
  let at = 0
  while (at < into.length) {
    const count = readSync(fd, into, at, into.length - at, start + at)
    if (count === 0) return into.subarray(0, at)
    at += count
  }
  return into
}

function tooLarge(): DicomError {
  return new DicomError('DICOM_TOO_LARGE', 'the file is larger than allowed')
}

function damaged(): DicomError {
  return new DicomError('DICOM_ARCHIVE', 'the entry of the zip is damaged')
}
