/**
 * The job that looks at the pixels of what passed the check of headers, trusting no header: where the
 * detector sees text, a person decides. Samples are looked at where nothing announces text, all frames
 * as soon as one has some, of kinds that wait for a person, and where the profile asks for it.
 *
 * May run again after a crash at any point: a series that was not done is begun anew.
 */
import { loadProfile } from '@pandok/anonymizer'
import { createLookPlan, type Look } from '@pandok/anonymizer/pixels'
import { z } from 'zod'
import { recordAudit } from '../../platform/audit.ts'
import type { BlobStore } from '../../platform/blobs/index.ts'
import type { Database, Transaction } from '../../platform/database.ts'
import { codeOf, defineJob, type Job } from '../../platform/jobs/index.ts'
import type { Looker } from './looker.ts'
import * as store from './store.ts'

export const LOOK_AT_UPLOAD = 'deidentification.look'

const Payload = z.object({ uploadId: z.string() })
/** One question to the detector: progress is seen, and one bad frame costs no long wait. */
const FRAMES_AT_ONCE = 32

export function lookAtUploadJob(deps: {
  db: Database
  blobs: BlobStore
  openLooker: () => Looker
}): Job {
  const { db, blobs } = deps
  return defineJob({
    name: LOOK_AT_UPLOAD,
    payload: Payload,
    handle: async ({ uploadId }, signal, report) => {
      const upload = await store.uploadToLookAt(db, uploadId)
      if (upload === undefined) return
      const isEveryFrame = loadProfile(upload.profile).pixels.look === 'all'
      await store.planSeries(db, uploadId)
      const series = await store.seriesToLookAt(db, uploadId)
      if (series.length > 0) {
        const looker = deps.openLooker()
        try {
          const { of } = await store.filesLookedAt(db, uploadId)
          for (const { uid, mustBeSeen } of series) {
            const { files } = await store.filesLookedAt(db, uploadId)
            const onFile = (done: number) => {
              report({ files: files + done, of })
            }
            onFile(0)
            const task = { uploadId, seriesUid: uid, looker, signal, onFile }
            await lookAtSeries(task, isEveryFrame || mustBeSeen ? 'all' : 'sample')
          }
        } finally {
          await looker.close()
        }
      }
      await db.transaction((tx) => finish(tx, uploadId, upload.projectId, {}))
    },
    giveUp: async ({ uploadId }, error) => {
      const upload = await store.uploadToLookAt(db, uploadId)
      if (upload === undefined) return
      const failureCode = codeOf(error)
      await db.transaction(async (tx) => {
        await store.planSeries(tx, uploadId)
        await store.leaveRestToPersons(tx, uploadId, 'LOOK_FAILED')
        await finish(tx, uploadId, upload.projectId, { failureCode })
      })
    },
  })

  interface Task {
    readonly uploadId: string
    readonly seriesUid: string
    readonly looker: Looker
    readonly signal: AbortSignal
    /** Called with the number of files of the series that were looked at. */
    readonly onFile: (done: number) => void
  }

  async function lookAtSeries(task: Task, kind: 'sample' | 'all'): Promise<void> {
    const { uploadId, seriesUid } = task
    await store.beginSeries(db, uploadId, seriesUid)
    const files = await store.filesOfSeries(db, uploadId, seriesUid)
    const plan = createLookPlan(kind)
    for (const [id, file] of files.entries()) {
      const corners = kind === 'all' ? unsigned(file) : await cornersOf(task, file)
      plan.add({ id, seriesInstanceUid: seriesUid, position: id, corners })
    }
    const first = plan.finish(seriesUid)
    const hasFinding = await lookAt(task, files, first)
    if (hasFinding) await lookAt(task, files, allBut(files, first))
    await store.finishSeries(db, uploadId, seriesUid)
  }

  async function cornersOf(task: Task, file: PixelFile): Promise<readonly string[]> {
    task.signal.throwIfAborted()
    return await blobs.withLocalFile('staging', file.sha256, (path) =>
      task.looker.corners(path, file.numberOfFrames),
    )
  }

  /** Whether there was something that a person has to decide. */
  async function lookAt(
    task: Task,
    files: readonly PixelFile[],
    looks: readonly Look[],
  ): Promise<boolean> {
    const { uploadId, seriesUid } = task
    const planned = looks.reduce((sum, { frames }) => sum + frames.length, 0)
    await store.addPlanned(db, uploadId, seriesUid, planned)
    let hasFinding = false
    for (const [done, { id, frames }] of looks.entries()) {
      task.onFile(done)
      const sha256 = files[id]?.sha256
      if (sha256 === undefined) continue
      const found = await blobs.withLocalFile('staging', sha256, (path) =>
        lookAtFile(task, { path, sha256 }, frames),
      )
      hasFinding ||= found
    }
    return hasFinding
  }

  async function lookAtFile(
    { uploadId, seriesUid, looker, signal }: Task,
    { path, sha256 }: { path: string; sha256: string },
    frames: readonly number[],
  ): Promise<boolean> {
    let hasFinding = false
    for (let at = 0; at < frames.length; at += FRAMES_AT_ONCE) {
      signal.throwIfAborted()
      const asked = frames.slice(at, at + FRAMES_AT_ONCE)
      const answer = await looker.look(path, asked)
      if (answer.kind === 'refused') {
        hasFinding = true
        await store.putFinding(db, uploadId, { seriesUid, sha256, code: answer.code, frames: [] })
        continue
      }
      const withText = answer.frames.filter(({ boxes }) => boxes.length > 0)
      if (withText.length > 0) {
        hasFinding = true
        await store.putFinding(db, uploadId, { seriesUid, sha256, code: null, frames: withText })
      }
      await store.addLooked(db, uploadId, seriesUid, asked.length)
    }
    return hasFinding
  }

  async function finish(
    tx: Transaction,
    uploadId: string,
    projectId: string,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const counts = await store.finishLook(tx, uploadId)
    await recordAudit(tx, {
      actorId: null,
      projectId,
      action: `job:${LOOK_AT_UPLOAD}`,
      objectKind: 'upload',
      objectId: uploadId,
      details: { ...counts, ...details },
    })
  }
}

interface PixelFile {
  readonly sha256: string
  readonly numberOfFrames: number
}

/** What nobody has to compare. */
function unsigned({ numberOfFrames }: PixelFile): string[] {
  return Array.from({ length: numberOfFrames }, () => '')
}

/** The frames that `done` does not hold. */
function allBut(files: readonly PixelFile[], done: readonly Look[]): Look[] {
  const seen = new Map(done.map(({ id, frames }) => [id, new Set(frames)]))
  return files.flatMap((file, id): Look[] => {
    const frames = Array.from({ length: file.numberOfFrames }, (_, at) => at + 1).filter(
      (frame) => seen.get(id)?.has(frame) !== true,
    )
    return frames.length === 0 ? [] : [{ id, frames }]
  })
}
