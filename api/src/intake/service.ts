/** Receives files into quarantine, closes uploads, and takes the person's QC decision. */
import type { Readable } from 'node:stream'
import { type DeidReport, PandokError, type SeriesPixels } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { BlobStore } from '../platform/blobs.ts'
import type { Database, Transaction } from '../platform/database.ts'
import type { Actor, BytesAnswer } from '../platform/http/handler.ts'
import { addJob } from '../platform/jobs.ts'
import { removeUnneededBlobs } from './shared-blobs.ts'
import * as store from './store.ts'

export interface IntakeDependencies {
  readonly db: Database
  readonly blobs: BlobStore
  readonly maxFileBytes: number
  /** Names of the jobs that follow. */
  readonly jobs: { readonly check: string; readonly archive: string }
}

export function createIntakeService({ db, blobs, maxFileBytes, jobs }: IntakeDependencies) {
  return {
    create: (actor: Actor, projectId: string) =>
      db.transaction(async (tx) => {
        const id = await store.insertUpload(tx, projectId, actor.id)
        await audit(tx, actor, projectId, 'createUpload', id)
        return await reread(tx, id)
      }),

    /** The bytes are durable and hashed when this resolves; sending them again changes nothing. */
    receive: async (actor: Actor, uploadId: string, sha256: string, body: Readable) => {
      await checkOpen(uploadId)
      const file = await blobs.put('quarantine', body, {
        expectedSha256: sha256,
        maxBytes: maxFileBytes,
      })
      try {
        await db.transaction((tx) => enter(tx, actor, uploadId, file))
        return file
      } catch (error) {
        // What no row speaks of would stay for ever; the client must see the first error all the same.
        await removeUnneededBlobs(db, blobs, 'quarantine', [sha256]).catch(() => undefined)
        throw error
      }
    },

    complete: (
      actor: Actor,
      uploadId: string,
      sha256s: readonly string[],
      report: DeidReport | undefined,
    ) =>
      db.transaction(async (tx) => {
        const { status, project_id: projectId } = await store.lockUpload(tx, uploadId)
        if (status !== 'receiving') throw new PandokError('UPLOAD_CLOSED')
        const missing = await store.missingFiles(tx, uploadId, sha256s)
        if (missing.length > 0) {
          throw new PandokError('UPLOAD_INCOMPLETE', `${missing.length} files are missing`, {
            issues: missing.slice(0, 100).map((sha256) => ({
              path: 'sha256s',
              code: 'missing',
              message: sha256,
              severity: 'error',
            })),
          })
        }
        if (report !== undefined) await store.setReport(tx, uploadId, report)
        await store.setStatus(tx, uploadId, 'checking')
        await addJob(tx, jobs.check, { uploadId })
        await audit(tx, actor, projectId, 'completeUpload', uploadId, { files: sha256s.length })
        return await reread(tx, uploadId)
      }),

    list: (projectId: string) => store.uploadsOfProject(db, projectId),

    get: async (uploadId: string) => {
      const upload = await reread(db, uploadId)
      const studies = new Map<string, Study>()
      for (const row of await store.seriesOf(db, uploadId)) {
        const { studyInstanceUid, pseudonym, frames, ...rest } = row
        const series = {
          ...rest,
          pixels: {
            looked: { frames: 0, of: frames },
            mustBeSeen: false,
            seenBy: null,
            seenAt: null,
            findings: { files: 0, undecided: 0 },
          },
        }
        const study = studies.get(studyInstanceUid) ?? { studyInstanceUid, pseudonym, series: [] }
        study.series.push(series)
        studies.set(studyInstanceUid, study)
      }
      return {
        ...upload,
        profileVersion: 1,
        profileLabel: '',
        keyVersion: 1,
        look: null,
        studies: [...studies.values()],
        refusals: await store.refusalsOf(db, uploadId),
        caseIds: await store.casesOf(db, uploadId),
      }
    },

    images: (uploadId: string, seriesInstanceUid: string) =>
      store.imagesOf(db, uploadId, seriesInstanceUid),

    /** Counted from 1. What nobody judged clean has no frames to be looked at. */
    frame: async (uploadId: string, sha256: string, frame: number): Promise<BytesAnswer> => {
      const found = await store.cleanFile(db, uploadId, sha256)
      const range = found?.frames[frame - 1]
      if (found === undefined || range === undefined) throw new PandokError('NOT_FOUND')
      const area = found.status === 'clean' ? 'staging' : 'archive'
      return {
        type: 'application/octet-stream',
        body: await blobs.read(area, sha256, range),
        headers: { 'cache-control': 'private, no-store' },
      }
    },

    decideQc: async (
      actor: Actor,
      uploadId: string,
      { decision, comment }: { decision: 'approve' | 'reject'; comment?: string | undefined },
    ) => {
      const upload = await db.transaction(async (tx) => {
        const { status, project_id: projectId } = await store.lockUpload(tx, uploadId)
        if (status !== 'awaiting-qc') throw new PandokError('UPLOAD_NOT_AWAITING_QC')
        const isApproved = decision === 'approve'
        await store.setStatus(tx, uploadId, isApproved ? 'archiving' : 'rejected')
        if (isApproved) await addJob(tx, jobs.archive, { uploadId })
        const hasComment = comment !== undefined
        await audit(tx, actor, projectId, 'decideQc', uploadId, { decision, hasComment })
        return await reread(tx, uploadId)
      })
      if (decision === 'reject') {
        await removeUnneededBlobs(db, blobs, 'staging', await store.cleanFiles(db, uploadId))
      }
      return upload
    },

    projectOf: (uploadId: string) => store.projectOfUpload(db, uploadId),
  }

  async function enter(
    tx: Transaction,
    actor: Actor,
    uploadId: string,
    file: { sha256: string; bytes: number },
  ): Promise<void> {
    const { status, project_id: projectId } = await store.lockUpload(tx, uploadId)
    if (status !== 'receiving') throw new PandokError('UPLOAD_CLOSED')
    if (file.bytes === 0) throw new PandokError('INPUT_INVALID', 'the file is empty')
    await store.lockBlobs(tx, [file.sha256])
    if ((await blobs.size('quarantine', file.sha256)) === undefined) {
      throw new PandokError('CONFLICT', 'another upload let go of this file; send it again')
    }
    const isNew = await store.insertFile(tx, uploadId, file)
    if (isNew) await audit(tx, actor, projectId, 'putUploadFile', uploadId, { ...file })
  }

  /** Asked before the body is read, so that a closed upload costs no bytes. */
  async function checkOpen(uploadId: string): Promise<void> {
    const upload = await reread(db, uploadId)
    if (upload.status !== 'receiving') throw new PandokError('UPLOAD_CLOSED')
  }
}

export type IntakeService = ReturnType<typeof createIntakeService>

interface Study {
  readonly studyInstanceUid: string
  readonly pseudonym: string
  readonly series: {
    seriesInstanceUid: string
    modality: string
    instances: number
    pixels: SeriesPixels
  }[]
}

async function reread(db: Database | Transaction, uploadId: string) {
  const upload = await store.uploadById(db, uploadId)
  if (upload === undefined) throw new PandokError('NOT_FOUND')
  return upload
}

async function audit(
  tx: Transaction,
  actor: Actor,
  projectId: string,
  action: string,
  uploadId: string,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await recordAudit(tx, {
    actorId: actor.id,
    projectId,
    action,
    objectKind: 'upload',
    objectId: uploadId,
    details,
  })
}
