/**
 * Cuts a stream into parts of a multipart upload: at least 5 MiB each but the last, at most 10 000 (the
 * limits of Amazon S3). They grow with the object, so that small ones take little memory and large ones
 * fit: 1 000 × 5 MiB, 2 000 × 16 MiB, 7 000 × 64 MiB are 470 GiB.
 */
const MIB = 1024 * 1024

function partBytes(number: number): number {
  if (number < 1_000) return 5 * MIB
  return number < 3_000 ? 16 * MIB : 64 * MIB
}

export async function* cutInParts(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, undefined> {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let number = 0
  for await (const piece of pieces) {
    waiting.push(piece)
    waitingBytes += piece.length
    if (waitingBytes < partBytes(number)) continue
    yield Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
    number += 1
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting)
  return undefined
}
