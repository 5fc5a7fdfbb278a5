/** Joins small chunks to larger ones: one write to disk for many reads from a socket. */

const TARGET_BYTES = 1024 * 1024

/** The bytes of `source` in the same order; memory stays at the target and one chunk. */
export async function* coalesce(
  source: AsyncIterable<Uint8Array>,
  targetBytes = TARGET_BYTES,
): AsyncGenerator<Uint8Array> {
  let chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of source) {
    chunks.push(chunk)
    length += chunk.length
    if (length < targetBytes) continue
    yield joined(chunks)
    chunks = []
    length = 0
  }
  if (length > 0) yield joined(chunks)
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first, ...others] = chunks
  return first !== undefined && others.length === 0 ? first : Buffer.concat(chunks)
}
