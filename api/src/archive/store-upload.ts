/**
 * The job that takes approved files into the archive, study by study, each in one transaction, so
 * that nothing is half visible. May run again after a crash at any point.
 */
import { PandokError } from '@pandok/contract'
import { z } from 'zod'
import { removeUnneededBlobs } from '../intake/index.ts'
import { recordAudit } from '../platform/audit.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database, Transaction } from '../platform/database.ts'
import { codeOf, defineJob, type Job } from '../platform/jobs/index.ts'
import { ArchiveError } from './archive-error.ts'
import type { InstanceJson } from './instance-json.ts'
import * as store from './store.ts'

export const STORE_UPLOAD = 'archive.store'

const Payload = z.object({ uploadId: z.string() })

/**
 * Attributes of the levels of patient, study and series kept for searching (PS3.18 tables 10.6.3-3 and
 * -4, and what else describes these levels).
 */
const STUDY_TAGS = [
  '00080005',
  '00080020',
  '00080030',
  '00080050',
  '00080090',
  '00080201',
  '00081030',
  '00081032',
  '00081048',
  '00081060',
  '00081080',
  '00100010',
  '00100020',
  '00100021',
  '00100030',
  '00100032',
  '00100040',
  '00101010',
  '00101020',
  '00101030',
  '00102160',
  '00102180',
  '00104000',
  '00200010',
]
const SERIES_TAGS = [
  '00080005',
  '00080021',
  '00080031',
  '00080060',
  '00080064',
  '00080070',
  '00080201',
  '0008103E',
  '00081040',
  '00081090',
  '00180015',
  '00181030',
  '00185100',
  '00200011',
  '00200052',
  '00200060',
  '00400244',
  '00400245',
  '00400253',
  '00400254',
  '00400275',
]

export function storeUploadJob(deps: {
  db: Database
  blobs: BlobStore
  /** What the archive does not know: that a study becomes somebody's work. */
  onStudyArchived: (
    tx: Transaction,
    study: { projectId: string; subjectId: string; studyId: string },
  ) => Promise<unknown>
}): Job {
  const { db, blobs } = deps
  return defineJob({
    name: STORE_UPLOAD,
    payload: Payload,
    handle: async ({ uploadId }, signal, report) => {
      const upload = await store.uploadToArchive(db, uploadId)
      if (upload === undefined) return
      report(await store.archivedSoFar(db, uploadId))
      for (const uid of await store.studiesToArchive(db, uploadId)) {
        signal.throwIfAborted()
        const files = await store.filesToArchive(db, uploadId, uid)
        for (const { sha256 } of files) await blobs.share(sha256, 'staging', 'archive')
        await db.transaction((tx) => storeStudy(tx, uploadId, upload, uid, files))
        report(await store.archivedSoFar(db, uploadId))
      }
      // All of them: an earlier run may have ended between its transaction and this.
      const files = await store.approvedFiles(db, uploadId)
      await removeUnneededBlobs(db, blobs, 'staging', files)
      await db.transaction((tx) => store.finishUpload(tx, uploadId))
    },
    giveUp: async ({ uploadId }, error) => {
      const upload = await store.uploadToArchive(db, uploadId)
      if (upload === undefined) return
      const failureCode = codeOf(error)
      await db.transaction(async (tx) => {
        await store.failUpload(tx, uploadId, failureCode)
        await audit(tx, upload.project_id, uploadId, { failureCode })
      })
      const files = await store.approvedFiles(db, uploadId)
      await removeUnneededBlobs(db, blobs, 'staging', files)
    },
    retry: {
      fail: async ({ uploadId }, error) => {
        const upload = await store.uploadToArchive(db, uploadId)
        if (upload === undefined) return
        const failureCode = codeOf(error)
        await db.transaction(async (tx) => {
          await store.failUpload(tx, uploadId, failureCode, { awaitsRetry: true })
          await audit(tx, upload.project_id, uploadId, { failureCode })
        })
      },
      revive: async ({ uploadId }, tx) => {
        if (!(await store.reviveUpload(tx, uploadId))) throw new PandokError('JOB_NOT_RETRYABLE')
      },
    },
  })

  async function storeStudy(
    tx: Transaction,
    uploadId: string,
    upload: { project_id: string; key_version: number },
    studyInstanceUid: string,
    files: Awaited<ReturnType<typeof store.filesToArchive>>,
  ): Promise<void> {
    const [first] = files
    if (first === undefined) return
    const { project_id: projectId, key_version: keyVersion } = upload
    const { metadata, patientId } = first.instance
    if (files.some(({ instance }) => instance.patientId !== patientId)) {
      throw new ArchiveError('ARCHIVE_CONFLICT', 'a study of two subjects passed the check')
    }
    const subjectId = await store.upsertSubject(tx, {
      projectId,
      pseudonym: patientId,
      keyVersion,
    })
    const studyId = await store.upsertStudy(tx, {
      projectId,
      subjectId,
      uid: studyInstanceUid,
      attributes: pick(metadata, STUDY_TAGS),
    })
    const seriesIds = new Map<string, string>()
    for (const file of files) {
      const { seriesInstanceUid, modality } = file.instance
      let seriesId = seriesIds.get(seriesInstanceUid)
      if (seriesId === undefined) {
        seriesId = await store.upsertSeries(tx, {
          studyId,
          uid: seriesInstanceUid,
          modality,
          attributes: pick(file.instance.metadata, SERIES_TAGS),
        })
        seriesIds.set(seriesInstanceUid, seriesId)
      }
      await store.upsertInstance(tx, seriesId, file)
    }
    await store.countStudy(tx, studyId)
    await store.markArchived(
      tx,
      uploadId,
      files.map(({ sha256 }) => sha256),
    )
    await deps.onStudyArchived(tx, { projectId, subjectId, studyId })
    await audit(tx, projectId, uploadId, { studyId, instances: files.length })
  }
}

async function audit(
  tx: Transaction,
  projectId: string,
  uploadId: string,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  await recordAudit(tx, {
    actorId: null,
    projectId,
    action: `job:${STORE_UPLOAD}`,
    objectKind: 'upload',
    objectId: uploadId,
    details,
  })
}

function pick(metadata: InstanceJson, tags: readonly string[]): InstanceJson {
  return Object.fromEntries(Object.entries(metadata).filter(([tag]) => tags.includes(tag)))
}
