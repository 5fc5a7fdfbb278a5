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
import { type Outbox, openOutbox, type SaveState } from '../data/outbox.ts'
import { openStrokeStore } from '../data/stroke-store.ts'
import {
  createReadingEngine,
  type EngineEvents,
  type ReadingEngine,
  type SavedLength,
} from '../imaging/index.ts'
import type { Session } from '../session/session.ts'

export type TaskDetail = OutputOf<Operations['getTask']>

export interface ReadingState {
  readonly progress: EngineEvents['progress'] | undefined
  readonly slice: EngineEvents['slice'] | undefined
  readonly history: EngineEvents['history']
  readonly save: SaveState
  readonly lengths: readonly SavedLength[]
  /** Voxels by segment number. */
  readonly voxels: ReadonlyMap<number, number>
  readonly comment: EngineEvents['comment'] | undefined
  readonly failureCode: string | undefined
}

export interface Reading {
  readonly state: ReadingState
  readonly engine: ReadingEngine | undefined
  /** Resolves when every stroke is on the server. */
  readonly flushed: () => Promise<void>
  readonly clearComment: () => void
}

const START: ReadingState = {
  progress: undefined,
  slice: undefined,
  history: { canUndo: false, canRedo: false },
  save: { kind: 'saved' },
  lengths: [],
  voxels: new Map(),
  comment: undefined,
  failureCode: undefined,
}

export interface Planes {
  readonly axial: HTMLDivElement
  readonly coronal: HTMLDivElement
  readonly sagittal: HTMLDivElement
}

export function useReading(
  session: Session,
  task: TaskDetail,
  geometry: SeriesGeometry,
  planes: Planes | undefined,
): Reading {
  const [state, setState] = useState(START)
  const [engine, setEngine] = useState<ReadingEngine>()
  const outbox = useRef<Outbox>(undefined)
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
          parts.outbox?.close()
          parts.engine.destroy()
          return
        }
        made = parts.engine
        outbox.current = parts.outbox
        setEngine(parts.engine)
      })
      .catch((error: unknown) => {
        const code = error instanceof PandokError ? error.code : ''
        set({ failureCode: code || (error instanceof Error ? error.message : 'IMAGING_FAILED') })
      })
    return () => {
      isGone = true
      outbox.current?.close()
      made?.destroy()
      setEngine(undefined)
    }
  }, [planes])
  return {
    state,
    engine,
    flushed: async () => {
      await outbox.current?.flushed()
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
): Promise<{ engine: ReadingEngine; outbox: Outbox | undefined }> {
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
  let outbox: Outbox | undefined
  if (task.canEdit) {
    const store = await openStrokeStore(task.id)
    // Strokes of a page that died lie on top of what the server has.
    for (const stroke of await store.load()) applyRuns(labelmap, stroke.runs)
    outbox = await openOutbox({
      store,
      revision: saved.revision,
      send: (stroke, baseRevision) =>
        client.appendSegmentationRevision({
          params,
          body: {
            assignmentId: task.assignment?.id ?? '',
            clientRevisionId: stroke.clientRevisionId,
            baseRevision,
            seriesInstanceUid: geometry.seriesInstanceUid,
            runs: [...stroke.runs],
          },
        }),
      latestRevision: async () => (await client.getSegmentation({ params })).revision,
      onState: (save) => {
        set({ save })
      },
    })
  }
  const lengths = new Map<string, SavedLength>(measured.items.map((item) => [item.id, item]))
  const revisions = new Map(measured.items.map((item) => [item.id, item.revision]))
  const known = new Uint8Array(labelmap)
  const showState = () => {
    set({ voxels: countVoxels(known), lengths: [...lengths.values()] })
  }
  showState()
  const saveLength = async (length: SavedLength) => {
    const { revision } = await client.putMeasurement({
      params: { ...params, measurementId: length.id },
      body: {
        assignmentId: task.assignment?.id ?? '',
        baseRevision: revisions.get(length.id) ?? 0,
        kind: 'length',
        pointsMm: [[...length.pointsMm[0]], [...length.pointsMm[1]]],
        sopInstanceUid: length.sopInstanceUid,
        frameOfReferenceUid: geometry.frameOfReferenceUid,
      },
    })
    revisions.set(length.id, revision)
  }
  let lengthsSaved: Promise<void> = Promise.resolve()
  const emit = <Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]): void => {
    on(name, event)
  }
  function on(name: keyof EngineEvents, event: EngineEvents[keyof EngineEvents]): void {
    if (name === 'delta' && 'runs' in event) {
      applyRuns(known, event.runs)
      showState()
      void outbox?.add(event.runs)
    } else if (name === 'length' && 'pointsMm' in event) {
      lengths.set(event.id, event)
      showState()
      if (task.canEdit) {
        lengthsSaved = lengthsSaved
          .then(() => saveLength(event))
          .catch(() => {
            set({ save: { kind: 'refused', waiting: 1, code: 'MEASUREMENT' } })
          })
      }
    } else if (name === 'progress' && 'loaded' in event) {
      set({ progress: event })
    } else if (name === 'slice' && 'index' in event) {
      set({ slice: event })
    } else if (name === 'history' && 'canUndo' in event) {
      set({ history: event })
    } else if (name === 'comment' && 'pointMm' in event) {
      set({ comment: event })
    } else if ((name === 'ready' || name === 'frame') && 'ms' in event) {
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
  return { engine, outbox }
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
