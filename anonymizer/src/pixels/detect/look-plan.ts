/**
 * Which frames of a series the detector looks at when nothing announces text: the first, the middle
 * and the last one, and each whose border differs from a neighbour's. In: instances in any order.
 * Out: frames by instance.
 */
import { cornersDiffer } from './corner-signature.ts'

export interface LookCandidate {
  /** Of the caller's own: an index, a path. */
  readonly id: number
  readonly seriesInstanceUid: string
  /** InstanceNumber or where the slice lies: the order within the series. */
  readonly position: number
  /** One cornerSignature for each frame; frames whose signature is '' are looked at. */
  readonly corners: readonly string[]
  /** Lists of devices say that such instances hold text: all frames are looked at. */
  readonly isAnnounced?: boolean
}

export interface Look {
  readonly id: number
  /** From 1, ascending. */
  readonly frames: readonly number[]
}

export interface LookPlan {
  readonly add: (candidate: LookCandidate) => void
  /** At the end of a series; the series is forgotten. */
  readonly finish: (seriesInstanceUid: string) => readonly Look[]
}

interface Frame {
  readonly candidate: LookCandidate
  readonly number: number
  readonly corners: string
}

export function createLookPlan(look: 'sample' | 'all'): LookPlan {
  const series = new Map<string, LookCandidate[]>()
  return {
    add: (candidate) => {
      const known = series.get(candidate.seriesInstanceUid)
      if (known === undefined) series.set(candidate.seriesInstanceUid, [candidate])
      else known.push(candidate)
    },
    finish: (seriesInstanceUid) => {
      const candidates = series.get(seriesInstanceUid) ?? []
      series.delete(seriesInstanceUid)
      const frames = candidates
        .toSorted((a, b) => a.position - b.position || a.id - b.id)
        .flatMap((candidate) =>
          candidate.corners.map((corners, at): Frame => ({ candidate, number: at + 1, corners })),
        )
      const wanted = frames.filter((frame, at) => look === 'all' || isWanted(frame, at, frames))
      return byInstance(wanted)
    },
  }
}

function isWanted(frame: Frame, at: number, frames: readonly Frame[]): boolean {
  const last = frames.length - 1
  if (at === 0 || at === last || at === Math.floor(last / 2)) return true
  if (frame.candidate.isAnnounced === true || frame.corners === '') return true
  return [frames[at - 1], frames[at + 1]].some(
    (beside) => beside !== undefined && cornersDiffer(frame.corners, beside.corners),
  )
}

function byInstance(frames: readonly Frame[]): Look[] {
  const looks = new Map<number, number[]>()
  for (const { candidate, number } of frames) {
    const known = looks.get(candidate.id)
    if (known === undefined) looks.set(candidate.id, [number])
    else known.push(number)
  }
  return [...looks].map(([id, numbers]) => ({ id, frames: numbers.toSorted((a, b) => a - b) }))
}
