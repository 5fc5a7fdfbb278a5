/** De-identification in the browser, off the page's thread: originals never leave these workers. */

import type { PixelReview } from '../index.ts'
import { type AskedWorker, createAskedWorker } from './ask-worker.ts'
import type {
  DeidentifyAnswer,
  InspectAnswer,
  LookAnswer,
  Refusal,
  ShowAnswer,
  StoredFrame,
  WorkerAnswer,
  WorkerSettings,
} from './protocol.ts'

export { createLookPlan } from '../pixels/detect/look-plan.ts'
export type {
  CleanFile,
  DeidentifyAnswer,
  FileInspection,
  InspectAnswer,
  LookAnswer,
  LookedFrame,
  Picture,
  ShowAnswer,
  WorkerSettings,
} from './protocol.ts'

export interface DeidentificationWorker {
  /** Whether it would be de-identified, and what has to be known of its pixels first. */
  readonly inspect: (file: Blob) => Promise<InspectAnswer>
  readonly deidentify: (file: Blob, review?: PixelReview) => Promise<DeidentifyAnswer>
  /** A frame as it is before de-identification, for the eyes of the person at this page. */
  readonly show: (file: Blob, frame: number) => Promise<ShowAnswer>
  readonly close: () => void
}

export function startDeidentificationWorker(settings: WorkerSettings): DeidentificationWorker {
  const worker = createAskedWorker(
    () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
    settings,
  )
  return {
    inspect: async (file) => only('inspected', await worker.ask({ kind: 'inspect', file })),
    deidentify: async (file, review) =>
      only(
        'done',
        await worker.ask({ kind: 'deidentify', file, ...(review === undefined ? {} : { review }) }),
      ),
    show: async (file, frame) =>
      only('shown', await worker.ask({ kind: 'show', file, fileId: idOf(file), frame })),
    close: worker.close,
  }
}

/** Handles lose their identity on the way to a worker; numbers do not. */
const ids = new WeakMap<Blob, number>()
let lastId = 0
function idOf(file: Blob): number {
  const id = ids.get(file) ?? ++lastId
  ids.set(file, id)
  return id
}

export interface ShowingWorker {
  /** A frame of an archive, compressed or in colour. */
  readonly draw: (stored: StoredFrame) => Promise<ShowAnswer>
  readonly close: () => void
}

export function startShowingWorker(): ShowingWorker {
  const worker = createAskedWorker(
    () => new Worker(new URL('./showing-worker.ts', import.meta.url), { type: 'module' }),
    undefined,
  )
  return {
    draw: async (stored) => only('shown', await worker.ask({ kind: 'draw', stored })),
    close: worker.close,
  }
}

export interface LookingWorker {
  /** Where the detector sees text in these frames. */
  readonly look: (file: Blob, frames: readonly number[]) => Promise<LookAnswer>
  readonly close: () => void
}

/** Apart from the other workers: looking is slow, and its models are large. */
export function startLookingWorker(): LookingWorker {
  const worker: AskedWorker = createAskedWorker(
    () => new Worker(new URL('./looking-worker.ts', import.meta.url), { type: 'module' }),
    undefined,
  )
  return {
    look: async (file, frames) => only('looked', await worker.ask({ kind: 'look', file, frames })),
    close: worker.close,
  }
}

/** An answer of another kind than what was asked for would be a mistake of ours: refused. */
function only<Kind extends WorkerAnswer['kind']>(
  kind: Kind,
  answer: WorkerAnswer,
): Extract<WorkerAnswer, { kind: Kind }> | Refusal {
  const isRefusal = (each: WorkerAnswer): each is Refusal => each.kind === 'refused'
  const isExpected = (each: WorkerAnswer): each is Extract<WorkerAnswer, { kind: Kind }> =>
    each.kind === kind
  if (isRefusal(answer) || isExpected(answer)) return answer
  return { kind: 'refused', code: 'DEID_INTERNAL' }
}
