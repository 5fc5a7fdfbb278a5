/** The text pool of the anonymizer as the look at pixels asks it. */
import { startTextPool } from '@pandok/anonymizer/node'
import type { Looker } from './looker.ts'

/** One process: uploads are looked at one after another, beside the header work of others. */
export function startLooker(): Looker {
  const pool = startTextPool({ processes: 1 })
  const sourceOf = (path: string) => ({ kind: 'file' as const, path })
  return {
    corners: async (path, frames) => {
      const corners = Array.from({ length: frames }, () => '')
      const answer = await pool.sign({ source: sourceOf(path), corners })
      return answer.kind === 'signed' ? answer.corners : corners
    },
    look: async (path, frames) => {
      const answer = await pool.look({ source: sourceOf(path), frames })
      if (answer.kind === 'failed') return { kind: 'refused', code: answer.code }
      return {
        kind: 'looked',
        frames: answer.frames.map(({ frame, boxes }) => ({
          frame,
          boxes: boxes.map(({ left, top, width, height }) => ({ left, top, width, height })),
        })),
      }
    },
    close: () => {
      pool.close()
      return Promise.resolve()
    },
  }
}
