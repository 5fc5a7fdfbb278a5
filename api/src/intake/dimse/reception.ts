/** One data set on its way from an association to whoever stores it, as it came. */

/** What waits to be written; above it the sender waits. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

export interface Reception {
  /** Never full: the association is told to pause. */
  readonly write: (bytes: Buffer) => void
  readonly end: () => void
  /** To be read once. */
  readonly bytes: AsyncIterable<Buffer>
  /** The association ended before the data set did. */
  readonly abort: () => void
}

export interface Flow {
  readonly pause: () => void
  readonly resume: () => void
}

export function createReception(flow: Flow): Reception {
  let waiting: Buffer[] = []
  let length = 0
  let state: 'open' | 'ended' | 'aborted' | 'unread' = 'open'
  let wake: (() => void) | undefined

  const settle = (next: typeof state) => {
    if (state === 'open') state = next
    wake?.()
  }
  async function* bytes(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunks = waiting
        waiting = []
        length = 0
        flow.resume()
        yield* chunks
        if (waiting.length > 0) continue
        if (state === 'aborted') throw new Error('the association ended')
        if (state === 'ended') return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = undefined
      }
    } finally {
      // Whoever gave up reading lets the rest go by.
      settle('unread')
      waiting = []
      flow.resume()
    }
  }
  return {
    write: (chunk) => {
      if (state !== 'open' || chunk.length === 0) return
      waiting.push(chunk)
      length += chunk.length
      if (length > MAX_WAITING_BYTES) flow.pause()
      wake?.()
    },
    end: () => {
      settle('ended')
    },
    bytes: { [Symbol.asyncIterator]: bytes },
    abort: () => {
      settle('aborted')
    },
  }
}
