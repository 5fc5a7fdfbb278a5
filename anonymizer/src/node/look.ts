/**
 * Looks at samples of the series that nothing announces text in, after their headers are done: first,
 * middle and last frame, and every frame whose corners differ from its neighbours'. Where text is
 * found, all of the series is looked at.
 */
import {
  createLookPlan,
  type Look,
  type LookCandidate,
  mergeBoxes,
} from '../pixels/detect/index.ts'
import type { Region } from '../pixels/model.ts'
import type { Input, Source } from './inputs.ts'
import type { Held } from './place.ts'
import type { RefusalCode } from './refusal.ts'
import { type LookedFrame, startTextPool, type TextPool } from './text-pool.ts'

interface Verdict {
  readonly code: RefusalCode
  /** Where text was found. */
  readonly regions: readonly Region[]
}

export interface Looker {
  /** By id of the input; what is not in it is free of text as far as was looked. */
  readonly look: (held: readonly Held[]) => Promise<ReadonlyMap<string, Verdict>>
  /** Where the detector sees text in any of the frames; [] where it cannot look. */
  readonly propose: (input: Input, frames: number) => Promise<readonly Region[]>
  /** Of frames: how many were looked at, and how many there are in what was to be looked at. */
  readonly counts: () => { readonly looked: number; readonly frames: number }
  readonly close: () => void
}

export function createLooker(options: {
  look: 'sample' | 'all'
  lanes: number
  /** How many frames were looked at, of those that will be. */
  progress: (looked: number, frames: number) => void
}): Looker {
  const { lanes, progress } = options
  const pool = startTextPool({ processes: lanes })
  let [looked, planned, all] = [0, 0, 0]

  const lookAt = async (
    source: Source,
    frames: readonly number[],
  ): Promise<Verdict | undefined> => {
    const answer = await pool.look({ source, frames })
    looked += frames.length
    progress(looked, planned)
    if (answer.kind === 'failed') return { code: answer.code, regions: [] }
    const regions = regionsOf(answer.frames)
    return regions.length === 0 ? undefined : { code: 'DEID_TEXT_FOUND', regions }
  }

  /** Samples first; where one shows text, everything else as well. */
  const lookAtSeries = async (
    series: readonly Held[],
    samples: readonly Look[],
  ): Promise<ReadonlyMap<string, Verdict>> => {
    const verdicts = new Map<string, Verdict>()
    const lookAll = async (looks: readonly Look[]) => {
      planned += looks.reduce((sum, { frames }) => sum + frames.length, 0)
      await Promise.all(
        looks.map(async ({ id, frames }) => {
          const held = series[id]
          if (held === undefined) return
          const verdict = await lookAt(held.input.source, frames)
          if (verdict !== undefined) addVerdict(verdicts, held.input.id, verdict)
        }),
      )
    }
    await lookAll(samples)
    if (verdicts.size > 0) await lookAll(allBut(series, samples))
    return verdicts
  }

  return {
    look: async (held) => {
      const verdicts = new Map<string, Verdict>()
      const bySeries = Map.groupBy(held, ({ done }) => done.seriesInstanceUid)
      await Promise.all(
        [...bySeries.values()].map(async (series) => {
          all += series.reduce((sum, { done }) => sum + (done.look?.corners.length ?? 0), 0)
          const samples = await samplesOf(series, options.look, pool)
          for (const [id, verdict] of await lookAtSeries(series, samples)) {
            verdicts.set(id, verdict)
          }
        }),
      )
      return verdicts
    },
    propose: async ({ source }, frames) => {
      const shown = spread(frames)
      all += frames
      planned += shown.length
      const answer = await pool.look({ source, frames: shown })
      looked += shown.length
      progress(looked, planned)
      if (answer.kind === 'failed') return []
      // What a device writes into one frame it writes into all, perhaps a little beside.
      const boxes = mergeBoxes(answer.frames.flatMap((each) => each.boxes))
      return boxes.map(({ left, top, width, height }) => ({
        left,
        top,
        width,
        height,
        frames: 'all',
      }))
    },
    counts: () => ({ looked, frames: all }),
    close: () => pool.close(),
  }
}

/** More frames of one instance are not looked at for proposals: a person sees them all. */
const MAX_PROPOSED_FRAMES = 12

/** Evenly spread over all of them, the first and the last included. */
function spread(frames: number): number[] {
  const count = Math.min(frames, MAX_PROPOSED_FRAMES)
  const numbers = Array.from({ length: count }, (_, at) =>
    count === 1 ? 1 : 1 + Math.round((at * (frames - 1)) / (count - 1)),
  )
  return [...new Set(numbers)]
}

async function samplesOf(
  series: readonly Held[],
  look: 'sample' | 'all',
  pool: TextPool,
): Promise<readonly Look[]> {
  const plan = createLookPlan(look)
  const candidates = await Promise.all(
    series.map(async ({ input, done }, id): Promise<LookCandidate> => {
      const { corners, instanceNumber, isAnnounced } = done.look ?? NO_FACTS
      const isKnown = look === 'all' || isAnnounced || !corners.includes('')
      return {
        id,
        seriesInstanceUid: done.seriesInstanceUid,
        position: instanceNumber ?? id,
        corners: isKnown ? corners : await signed(pool, input.source, corners),
        isAnnounced,
      }
    }),
  )
  for (const candidate of candidates) plan.add(candidate)
  return plan.finish(series[0]?.done.seriesInstanceUid ?? '')
}

/** What cannot be decoded stays unsigned, so that its look fails and says why. */
async function signed(
  pool: TextPool,
  source: Source,
  corners: readonly string[],
): Promise<readonly string[]> {
  const answer = await pool.sign({ source, corners })
  return answer.kind === 'signed' ? answer.corners : corners
}

const NO_FACTS = { corners: [], instanceNumber: undefined, isAnnounced: false }

/** The frames that `samples` do not hold. */
function allBut(series: readonly Held[], samples: readonly Look[]): Look[] {
  const seen = new Map(samples.map(({ id, frames }) => [id, new Set(frames)]))
  return series.flatMap(({ done }, id): Look[] => {
    const frames = (done.look?.corners ?? [])
      .map((_, at) => at + 1)
      .filter((frame) => seen.get(id)?.has(frame) !== true)
    return frames.length === 0 ? [] : [{ id, frames }]
  })
}

function addVerdict(verdicts: Map<string, Verdict>, id: string, verdict: Verdict): void {
  const known = verdicts.get(id)
  if (known === undefined) verdicts.set(id, verdict)
  else verdicts.set(id, { code: known.code, regions: [...known.regions, ...verdict.regions] })
}

function regionsOf(frames: readonly LookedFrame[]): Region[] {
  return frames.flatMap(({ frame, boxes }) =>
    boxes.map(({ left, top, width, height }) => ({ left, top, width, height, frames: [frame] })),
  )
}
