/**
 * What retrieval needs of whoever parses and decodes: file by file, in processes with limits of memory
 * and time, for the bytes are foreign. Frames count from 1; `code` is of a closed list.
 */
import type { FrameIndex } from '../platform/frame-index.ts'

interface Refused {
  readonly kind: 'refused'
  readonly code: string
}

export interface RenderJob {
  readonly path: string
  readonly frame: number
  readonly mediaType: 'image/jpeg' | 'image/png'
  /** 1 to 100, of JPEG. */
  readonly quality: number
  readonly window:
    | {
        readonly center: number
        readonly width: number
        readonly shape: 'linear' | 'linear-exact' | 'sigmoid'
      }
    | undefined
  /** The largest size it may have; the shape of its pixels stays. */
  readonly viewport:
    | {
        readonly width: number
        readonly height: number
        /** Of the image in columns and rows; negative sizes mirror. */
        readonly source:
          | {
              readonly left: number
              readonly top: number
              readonly width: number
              readonly height: number
            }
          | undefined
      }
    | undefined
}

export interface Pixels {
  /** Writes the file in another transfer syntax to `output`; gives where its frames lie then. */
  readonly transcode: (job: {
    readonly path: string
    readonly output: string
    readonly transferSyntaxUid: string
  }) => Promise<{ readonly kind: 'made'; readonly frames: FrameIndex } | Refused>
  readonly frame: (job: {
    readonly path: string
    readonly frame: number
    readonly transferSyntaxUid: string
  }) => Promise<{ readonly kind: 'made'; readonly bytes: Uint8Array } | Refused>
  readonly render: (
    job: RenderJob,
  ) => Promise<{ readonly kind: 'made'; readonly bytes: Uint8Array } | Refused>
  /** Where a value lies: tags and item numbers with dots between, such as 00283000.1.00283006. */
  readonly locate: (job: {
    readonly path: string
    readonly element: string
  }) => Promise<
    { readonly kind: 'found'; readonly offset: number; readonly length: number } | Refused
  >
}

/** A job as the processes know it, and their answer. */
type PixelJob =
  | ({ readonly kind: 'transcode' } & Parameters<Pixels['transcode']>[0])
  | ({ readonly kind: 'frame' } & Parameters<Pixels['frame']>[0])
  | ({ readonly kind: 'render' } & RenderJob)
  | ({ readonly kind: 'locate' } & Parameters<Pixels['locate']>[0])
type PixelAnswer =
  | { readonly kind: 'transcoded'; readonly frames: readonly (readonly [number, number])[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'place'; readonly offset: number; readonly length: number }
  | { readonly kind: 'failed'; readonly code: string }

export function createPixels(run: (job: PixelJob) => Promise<PixelAnswer>): Pixels {
  const bytes = async (job: PixelJob) => {
    const answer = await run(job)
    return answer.kind === 'bytes'
      ? { kind: 'made' as const, bytes: answer.bytes }
      : refused(answer)
  }
  return {
    frame: (job) => bytes({ kind: 'frame', ...job }),
    render: (job) => bytes({ kind: 'render', ...job }),
    transcode: async (job) => {
      const answer = await run({ kind: 'transcode', ...job })
      if (answer.kind !== 'transcoded') return refused(answer)
      return { kind: 'made', frames: answer.frames.map(([offset, length]) => [offset, length]) }
    },
    locate: async (job) => {
      const answer = await run({ kind: 'locate', ...job })
      return answer.kind === 'place' ? { ...answer, kind: 'found' } : refused(answer)
    },
  }
}

function refused(answer: PixelAnswer): Refused {
  return { kind: 'refused', code: answer.kind === 'failed' ? answer.code : 'PIXELS_INTERNAL' }
}
