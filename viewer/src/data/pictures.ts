/**
 * Frames that are being looked at before de-identification. They live in this window's memory, the
 * latest of them, and nowhere else.
 */
import type { Picture, ShowAnswer } from '@pandok/anonymizer/web'
import { type View, viewKey } from './upload-series.ts'

export interface Pictures {
  readonly get: (view: View) => Promise<ShowAnswer>
}

const MAX_BYTES = 200_000_000

export function createPictures(show: (view: View) => Promise<ShowAnswer>): Pictures {
  /** The one used last is the last. */
  const kept = new Map<string, Picture>()
  const asked = new Map<string, Promise<ShowAnswer>>()
  let bytes = 0
  const keep = (key: string, picture: Picture) => {
    kept.set(key, picture)
    bytes += picture.pixels.byteLength
    for (const [oldest, { pixels }] of kept) {
      if (bytes <= MAX_BYTES || oldest === key) break
      kept.delete(oldest)
      bytes -= pixels.byteLength
    }
  }
  return {
    get: (view) => {
      const key = viewKey(view)
      const known = kept.get(key)
      if (known !== undefined) {
        kept.delete(key)
        kept.set(key, known)
        return Promise.resolve({ kind: 'shown', picture: known })
      }
      const running =
        asked.get(key) ??
        show(view).then((answer) => {
          asked.delete(key)
          if (answer.kind === 'shown') keep(key, answer.picture)
          return answer
        })
      asked.set(key, running)
      return running
    },
  }
}
