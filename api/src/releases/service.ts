/** Releases: numbered, built once from a frozen cohort, never changed. */
import { PandokError } from '@pandok/contract'
import { readCohort } from '../cohorts/index.ts'
import { recordAudit } from '../platform/audit.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database, Transaction } from '../platform/database.ts'
import type { Actor, BytesAnswer } from '../platform/http/handler.ts'
import { addJob } from '../platform/jobs/index.ts'
import { BUILD_RELEASE } from './build-release.ts'
import * as store from './store.ts'

export interface ReleaseDependencies {
  readonly db: Database
  readonly blobs: BlobStore
  /** Into the ledger of the project: a copy leaves the house. */
  readonly recordDownload: (
    tx: Transaction,
    projectId: string,
    download: { releaseId: string; number: number; actor: Actor; address: string },
  ) => Promise<void>
}

export function createReleaseService({ db, blobs, recordDownload }: ReleaseDependencies) {
  return {
    create: (actor: Actor, cohortId: string) =>
      db.transaction(async (tx) => {
        const cohort = await readCohort(tx, cohortId)
        if (cohort.frozenAt === null) throw new PandokError('COHORT_NOT_FROZEN')
        const id = await store.insertRelease(tx, {
          projectId: cohort.projectId,
          cohortId,
          total: cohort.members.length,
          personId: actor.id,
        })
        await addJob(tx, BUILD_RELEASE, { releaseId: id }, cohort.projectId)
        await recordAudit(tx, {
          actorId: actor.id,
          projectId: cohort.projectId,
          action: 'createRelease',
          objectKind: 'release',
          objectId: id,
          details: { cohortId },
        })
        const release = await store.releaseById(tx, id)
        if (release === undefined) throw new PandokError('NOT_FOUND')
        return release
      }),

    list: (projectId: string) => store.releasesOfProject(db, projectId),
    get: (releaseId: string) => read(releaseId),

    /** On record before the first byte leaves. */
    download: async (actor: Actor, releaseId: string, address: string): Promise<BytesAnswer> => {
      const release = await read(releaseId)
      if (release.status !== 'ready' || release.sha256 === null) {
        throw new PandokError('RELEASE_NOT_READY')
      }
      const { projectId, number } = release
      await db.transaction(async (tx) => {
        await recordDownload(tx, projectId, { releaseId, number, actor, address })
        await recordAudit(tx, {
          actorId: actor.id,
          projectId,
          action: 'downloadRelease',
          objectKind: 'release',
          objectId: releaseId,
        })
      })
      return {
        type: 'application/zip',
        body: blobs.stream('release', release.sha256),
        headers: {
          'content-length': String(release.bytes),
          'content-disposition': `attachment; filename="pandok-${release.projectKey}-r${release.number}.zip"`,
          etag: `"${release.sha256}"`,
          'cache-control': 'private, no-store',
        },
      }
    },

    projectOf: (releaseId: string) => store.projectOfRelease(db, releaseId),
  }

  async function read(releaseId: string) {
    const release = await store.releaseById(db, releaseId)
    if (release === undefined) throw new PandokError('NOT_FOUND')
    return release
  }
}

export type ReleaseService = ReturnType<typeof createReleaseService>
