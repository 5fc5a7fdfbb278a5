/** Where React meets the imaging engine: opens it for a task, saves what the reader does. */
import {
  applyRuns,
  encodeRuns,
  type Operations,
  type OutputOf,
  PandokError,
  type SeriesGeometry,
} from '@pandok/contract'
import { useEffect, useRef, useState } from 'react'
import { openChangeStore } from '../data/change-store.ts'
import {
  type Change,
  mergeStates,
  type Outbox,
  openOutbox,
  type SaveState,
  type Stroke,
} from '../data/outbox.ts'
import {
  createReadingEngine,
  type EngineEvents,
  type Plane,
  type ReadingEngine,
  type SavedLength,
} from '../imaging/index.ts'
import type { Session } from '../session/session.ts'

export type TaskDetail = OutputOf<Operations['getTask']>

interface ReadingState {
  readonly progress: EngineEvents['progress'] | undefined
  readonly slice: EngineEvents['slice'] | undefined
  readonly window: EngineEvents['window'] | undefined
  readonly history: EngineEvents['history']
  readonly save: SaveState
  readonly lengths: readonly SavedLength[]
  /** Voxels by segment number. */
  readonly voxels: ReadonlyMap<number, number>
  readonly comment: EngineEvents['comment'] | undefined
  /** Before that there is only an empty volume to see. */
  readonly isShown: boolean
  readonly failureCode: string | undefined
  /** This browser keeps nothing through a reload. */
  readonly isStoreLost: boolean
}

/** A measurement as it is now, or that it was taken away. */
interface LengthChange extends Change {
  readonly length: SavedLength
  readonly isRemoved: boolean
}

interface Outboxes {
  readonly strokes: Outbox<Stroke>
  readonly lengths: Outbox<LengthChange>
}

export interface Reading {
  readonly state: ReadingState
  readonly engine: ReadingEngine | undefined
  /** Resolves when every stroke and every measurement is on the server. */
  readonly flushed: () => Promise<void>
  readonly clearComment: () => void
}

const START: ReadingState = {
  progress: undefined,
  slice: undefined,
  window: undefined,
  history: { canUndo: false, canRedo: false },
  save: { kind: 'saved' },
  lengths: [],
  voxels: new Map(),
  comment: undefined,
  isShown: false,
  failureCode: undefined,
  isStoreLost: false,
}

export type Planes = Readonly<Record<Plane, HTMLDivElement>>

export function useReading(
  session: Session,
  task: TaskDetail,
  geometry: SeriesGeometry,
  planes: Planes | undefined,
): Reading {
  const [state, setState] = useState(START)
  const [engine, setEngine] = useState<ReadingEngine>()
  const outboxes = useRef<Outboxes>(undefined)
  const opened = useRef({ session, task, geometry })
  useEffect(() => {
    if (planes === undefined) return
    const set = (change: Partial<ReadingState>) => {
      setState((old) => ({ ...old, ...change }))
    }
    let isGone = false
    let made: ReadingEngine | undefined
    open(opened.current, planes, set)
      .then((parts) => {
        if (isGone) {
          close(parts.outboxes)
          parts.engine.destroy()
          return
        }
        made = parts.engine
        outboxes.current = parts.outboxes
        setEngine(parts.engine)
      })
      .catch((error: unknown) => {
        const code = error instanceof PandokError ? error.code : ''
        set({ failureCode: code || (error instanceof Error ? error.message : 'IMAGING_FAILED') })
      })
    return () => {
      isGone = true
      close(outboxes.current)
      made?.destroy()
      setEngine(undefined)
    }
  }, [planes])
  return {
    state,
    engine,
    flushed: async () => {
      await outboxes.current?.strokes.flushed()
      await outboxes.current?.lengths.flushed()
    },
    clearComment: () => {
      setState((old) => ({ ...old, comment: undefined }))
    },
  }
}

async function open(
  { session, task, geometry }: { session: Session; task: TaskDetail; geometry: SeriesGeometry },
  elements: Planes,
  set: (change: Partial<ReadingState>) => void,
): Promise<{ engine: ReadingEngine; outboxes: Outboxes | undefined }> {
  const { client } = session
  const params = { taskId: task.id }
  const [saved, measured] = await Promise.all([
    client.getSegmentation({ params }),
    client.listMeasurements({ params }),
  ])
  const labelmap = new Uint8Array(
    geometry.rows * geometry.columns * geometry.sopInstanceUids.length,
  )
  applyRuns(labelmap, saved.runs)
  const lengths = new Map<string, SavedLength>(measured.items.map((item) => [item.id, item]))
  const revisions = new Map(measured.items.map((item) => [item.id, item.revision]))
  let outboxes: Outboxes | undefined
  if (task.canEdit) {
    const strokeStore = await openChangeStore<Stroke>(task.id)
    const lengthStore = await openChangeStore<LengthChange>(`${task.id} lengths`)
    // What a page that died had not sent lies on top of what the server has.
    for (const stroke of await strokeStore.load()) applyRuns(labelmap, stroke.runs)
    for (const { length, isRemoved } of await lengthStore.load()) {
      if (isRemoved) lengths.delete(length.id)
      else lengths.set(length.id, length)
    }
    const assignmentId = task.assignment?.id ?? ''
    const states: Record<keyof Outboxes, SaveState> = {
      strokes: { kind: 'saved' },
      lengths: { kind: 'saved' },
    }
    const show = (which: keyof Outboxes) => (state: SaveState) => {
      states[which] = state
      set({ save: mergeStates(states.strokes, states.lengths) })
    }
    outboxes = {
      strokes: await openOutbox({
        store: strokeStore,
        revision: saved.revision,
        send: (stroke, baseRevision) =>
          client.appendSegmentationRevision({
            params,
            body: {
              assignmentId,
              clientRevisionId: stroke.clientRevisionId,
              baseRevision,
              seriesInstanceUid: geometry.seriesInstanceUid,
              runs: [...stroke.runs],
            },
          }),
        latestRevision: async () => (await client.getSegmentation({ params })).revision,
        onState: show('strokes'),
      }),
      lengths: await openOutbox({
        store: lengthStore,
        // Each measurement counts its own revisions.
        revision: 0,
        send: async ({ length, isRemoved }) => {
          const answer = await client.putMeasurement({
            params: { ...params, measurementId: length.id },
            body: {
              assignmentId,
              baseRevision: revisions.get(length.id) ?? 0,
              kind: 'length',
              pointsMm: [[...length.pointsMm[0]], [...length.pointsMm[1]]],
              sopInstanceUid: length.sopInstanceUid,
              frameOfReferenceUid: geometry.frameOfReferenceUid,
              removed: isRemoved,
            },
          })
          revisions.set(length.id, answer.revision)
          return answer
        },
        latestRevision: async () => {
          for (const { id, revision } of (await client.listMeasurements({ params })).items) {
            revisions.set(id, revision)
          }
          return 0
        },
        onState: show('lengths'),
      }),
    }
  }
  const known = new Uint8Array(labelmap)
  const showState = () => {
    set({ voxels: countVoxels(known), lengths: [...lengths.values()] })
  }
  showState()
  /** The browser keeps nothing (a private window): sending goes on, a reload would lose it. */
  const noStore = () => {
    set({ isStoreLost: true })
  }
  const emit = <Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]): void => {
    on(name, event)
  }
  function on(name: keyof EngineEvents, event: EngineEvents[keyof EngineEvents]): void {
    if (name === 'delta' && 'runs' in event) {
      applyRuns(known, event.runs)
      showState()
      outboxes?.strokes.add({ runs: event.runs }).catch(noStore)
    } else if (name === 'length' && 'pointsMm' in event) {
      lengths.set(event.id, event)
      showState()
      outboxes?.lengths.add({ length: event, isRemoved: false }).catch(noStore)
    } else if (name === 'length-removed' && 'id' in event) {
      const length = lengths.get(event.id)
      if (length === undefined) return
      lengths.delete(event.id)
      showState()
      outboxes?.lengths.add({ length, isRemoved: true }).catch(noStore)
    } else if (name === 'progress' && 'loaded' in event) {
      set({ progress: event })
    } else if (name === 'slice' && 'index' in event) {
      set({ slice: event })
    } else if (name === 'window' && 'width' in event) {
      set({ window: event })
    } else if (name === 'history' && 'canUndo' in event) {
      set({ history: event })
    } else if (name === 'comment' && 'pointMm' in event) {
      set({ comment: event })
    } else if (name === 'ready') {
      set({ isShown: true })
    }
    if ((name === 'ready' || name === 'frame') && 'ms' in event) {
      performance.measure(`pandok-${name}`, {
        start: performance.now() - event.ms,
        duration: event.ms,
      })
    }
  }
  const engine = await createReadingEngine({
    elements,
    geometry,
    segments: task.segments,
    labelmap,
    lengths: [...lengths.values()],
    isReadOnly: !task.canEdit,
    getToken: session.getToken,
    emit,
  })
  return { engine, outboxes }
}

function close(outboxes: Outboxes | undefined): void {
  outboxes?.strokes.close()
  outboxes?.lengths.close()
}

function countVoxels(labelmap: Uint8Array): Map<number, number> {
  const counts = new Map<number, number>()
  const runs = encodeRuns(labelmap)
  for (let at = 0; at < runs.length; at += 3) {
    const segment = runs[at + 2] ?? 0
    counts.set(segment, (counts.get(segment) ?? 0) + (runs[at + 1] ?? 0))
  }
  return counts
}
