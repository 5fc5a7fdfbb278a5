/**
 * One data set on its way from an association to quarantine: the sender's bytes unchanged, behind a
 * preamble and File Meta Information that say what the association agreed on (PS3.10 7.1).
 */
import { Writable } from 'node:stream'
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '@pandok/anonymizer/dicom'
import type { FileMeta } from '../file-meta.ts'

/** What waits to be written; above it the sender waits. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

export interface Reception {
  /** For the association to write into; never full, for it does not wait. */
  readonly sink: Writable
  /** The file, to be read once. */
  readonly bytes: AsyncIterable<Buffer>
  /** The association ended before the data set did. */
  readonly abort: () => void
}

export interface Flow {
  readonly pause: () => void
  readonly resume: () => void
}

export function createReception(meta: FileMeta, flow: Flow): Reception {
  let waiting: Buffer[] = [fileHead(meta)]
  let length = 0
  let state: 'open' | 'ended' | 'aborted' | 'unread' = 'open'
  let wake: (() => void) | undefined

  const settle = (next: typeof state) => {
    if (state === 'open') state = next
    wake?.()
  }
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (state === 'open') {
        waiting.push(chunk)
        length += chunk.length
        if (length > MAX_WAITING_BYTES) flow.pause()
        wake?.()
      }
      done()
    },
    final: (done) => {
      settle('ended')
      done()
    },
  })

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
    sink,
    bytes: { [Symbol.asyncIterator]: bytes },
    abort: () => {
      settle('aborted')
    },
  }
}

function fileHead(meta: FileMeta): Buffer {
  const elements = Buffer.concat([
    // OB with its long form of a length.
    Buffer.from([2, 0, 1, 0, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 0, 1]),
    text(0x0002, 'UI', meta.sopClassUid),
    text(0x0003, 'UI', meta.sopInstanceUid),
    text(0x0010, 'UI', meta.transferSyntaxUid),
    text(0x0012, 'UI', IMPLEMENTATION_CLASS_UID),
    text(0x0013, 'SH', IMPLEMENTATION_VERSION_NAME),
  ])
  const groupLength = Buffer.alloc(12)
  groupLength.set([2, 0, 0, 0, 0x55, 0x4c, 4, 0])
  groupLength.writeUInt32LE(elements.length, 8)
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), groupLength, elements])
}

/** Explicit VR little endian, padded to an even length (PS3.5 6.2). */
function text(element: number, vr: 'UI' | 'SH', value: string): Buffer {
  const padded = value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' ')
  const header = Buffer.alloc(8)
  header.writeUInt16LE(0x0002, 0)
  header.writeUInt16LE(element, 2)
  header.write(vr, 4, 'latin1')
  header.writeUInt16LE(padded.length, 6)
  return Buffer.concat([header, Buffer.from(padded, 'latin1')])
}
