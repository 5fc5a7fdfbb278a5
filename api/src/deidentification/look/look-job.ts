/**
 * The job that looks at the pixels of what passed the check of headers, trusting no header: where the
 * detector sees text, a person decides. Samples are looked at where nothing announces text, all frames
 * as soon as one has some, of kinds that wait for a person, and where the profile asks for it.
 *
 * May run again after a crash at any point: a series that was not done is begun anew.
 */
import { loadProfile } from '@pandok/anonymizer'
import { z } from 'zod'
import { recordAudit } from '../../platform/audit.ts'
import type { BlobStore } from '../../platform/blobs.ts'
import type { Database, Transaction } from '../../platform/database.ts'
import { codeOf, defineJob, type Job } from '../../platform/jobs.ts'
import type { Looker } from './looker.ts'
import { countOf, everyFrame, type SampledFile, samplesOf, type Views, without } from './samples.ts'
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
    handle: async ({ uploadId }, signal) => {
      const upload = await store.uploadToLookAt(db, uploadId)
      if (upload === undefined) return
      const isEveryFrame = loadProfile(upload.profile).pixels.look === 'all'
      await store.planSeries(db, uploadId)
      const series = await store.seriesToLookAt(db, uploadId)
      if (series.length > 0) {
        const looker = deps.openLooker()
        try {
          for (const { uid, mustBeSeen } of series) {
            const look = { uploadId, seriesUid: uid, looker, signal }
            await lookAtSeries(look, isEveryFrame || mustBeSeen)
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

  interface Look {
    readonly uploadId: string
    readonly seriesUid: string
    readonly looker: Looker
    readonly signal: AbortSignal
  }

  async function lookAtSeries(look: Look, isEveryFrame: boolean): Promise<void> {
    const { uploadId, seriesUid } = look
    await store.beginSeries(db, uploadId, seriesUid)
    const files = await store.filesOfSeries(db, uploadId, seriesUid)
    const all = everyFrame(files)
    const first = isEveryFrame ? all : samplesOf(await withCorners(look, files))
    const hasFinding = await lookAt(look, first)
    if (hasFinding) await lookAt(look, without(all, first))
    await store.finishSeries(db, uploadId, seriesUid)
  }

  async function withCorners(
    { looker, signal }: Look,
    files: readonly { sha256: string; numberOfFrames: number }[],
  ): Promise<SampledFile[]> {
    const sampled: SampledFile[] = []
    for (const file of files) {
      signal.throwIfAborted()
      const path = blobs.path('staging', file.sha256)
      sampled.push({ ...file, corners: await looker.corners(path, file.numberOfFrames) })
    }
    return sampled
  }

  /** Whether there was something that a person has to decide. */
  async function lookAt(look: Look, views: Views): Promise<boolean> {
    const { uploadId, seriesUid, looker, signal } = look
    await store.addPlanned(db, uploadId, seriesUid, countOf(views))
    let hasFinding = false
    for (const [sha256, frames] of views) {
      const path = blobs.path('staging', sha256)
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
