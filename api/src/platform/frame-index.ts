/**
 * The frame index: where each frame lies in its blob, as the check wrote it down and the database
 * keeps it (FramePlace of the anonymizer), and reading a frame by it without parsing the file.
 *
 * Who serves a frame calls `readFrame` with the row's `frames`. Who wants to send it without touching
 * it (X-Accel-Redirect, `stream` with a range) asks `plainRange` first: undefined means that the
 * frame has to be put together, and only `readFrame` does that. Frames are numbered from 1.
 */
import { z } from 'zod'
import type { BlobStore } from './blobs/index.ts'

const Whole = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
const Some = Whole.min(1)
const ByteRange = z.tuple([Whole, Some])
/** Native, off a byte's border: the first bit within the first byte, and how many bits. */
const BitRange = z.tuple([Whole, Some, z.number().int().min(0).max(7), Some])
/** Fragments of one frame; one of them may be empty. */
const Fragments = z.array(z.tuple([Whole, Whole])).min(2)

/** One place for each frame; a row that holds anything else is no frame index. */
export const FrameIndex = z.array(z.union([ByteRange, BitRange, Fragments]))
export type FrameIndex = z.output<typeof FrameIndex>
type FramePlace = FrameIndex[number]

interface Range {
  readonly offset: number
  readonly length: number
}

/** The bytes of the frame when they lie in the blob as they are sent; undefined when they do not. */
export function plainRange(place: FramePlace): Range | undefined {
  if (isFragments(place) || place.length === 4) return undefined
  return { offset: place[0], length: place[1] }
}

/** The bytes of a frame as it was stored; undefined when there is no such frame. One read. */
export async function readFrame(
  blobs: Pick<BlobStore, 'read'>,
  area: Parameters<BlobStore['read']>[0],
  { sha256, frames }: { readonly sha256: string; readonly frames: FrameIndex },
  frame: number,
): Promise<Buffer | undefined> {
  const place = frames[frame - 1]
  if (place === undefined) return undefined
  const span = spanOf(place)
  return frameOf(place, await blobs.read(area, sha256, span), span.offset)
}

/** What has to be read of the blob: of fragments, all from the first to the last. */
function spanOf(place: FramePlace): Range {
  if (!isFragments(place)) return { offset: place[0], length: place[1] }
  const offset = Math.min(...place.map(([start]) => start))
  const end = Math.max(...place.map(([start, length]) => start + length))
  return { offset, length: end - offset }
}

/** `bytes` begin at `start` of the blob. */
function frameOf(place: FramePlace, bytes: Buffer, start: number): Buffer {
  if (isFragments(place)) {
    return Buffer.concat(
      place.map(([offset, length]) => bytes.subarray(offset - start, offset - start + length)),
    )
  }
  const [, , bit, bits] = place
  return bit === undefined || bits === undefined ? bytes : shifted(bytes, bit, bits)
}

/** `bits` bits from `bit` on, moved to the lowest of the first byte; what is left of the last is 0. */
function shifted(bytes: Buffer, bit: number, bits: number): Buffer {
  const out = Buffer.alloc(Math.ceil(bits / 8))
  for (let at = 0; at < out.length; at++) {
    const both = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
    out[at] = (both >> bit) & 0xff
  }
  const rest = bits % 8
  const last = out.length - 1
  if (rest > 0) out[last] = (out[last] ?? 0) & ((1 << rest) - 1)
  return out
}

function isFragments(place: FramePlace): place is z.output<typeof Fragments> {
  return Array.isArray(place[0])
}
