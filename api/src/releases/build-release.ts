/**
 * The job that builds a release: images, segmentation, NIfTI and outcome of every member at exactly
 * the frozen revisions, written as a stream into one zip. A failure leaves a reason and no bytes.
 */
import { createHash } from 'node:crypto'
import {
  applyRuns,
  type OutcomeValues,
  type SegmentLabel,
  type SeriesGeometry,
  type StageGroup,
} from '@pandok/contract'
import { z } from 'zod'
import type { ArchivedInstance } from '../archive/index.ts'
import { readCohort } from '../cohorts/index.ts'
import { recordAudit } from '../platform/audit.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database, Transaction } from '../platform/database.ts'
import { codeOf, defineJob, type Job, type Report } from '../platform/jobs/index.ts'
import {
  dataReadme,
  encodeNifti,
  encodeOutcomes,
  encodeSegmentation,
  type OutcomeRow,
} from './formats/index.ts'
import { readVolume } from './read-volume.ts'
import { ReleaseError } from './release-error.ts'
import * as store from './store.ts'
import { createReleaseZip, type ReleaseZip } from './zip.ts'

export const BUILD_RELEASE = 'releases.build'

const Payload = z.object({ releaseId: z.string() })

export interface BuildDependencies {
  readonly db: Database
  readonly blobs: BlobStore
  /** Into the ledger of the project. */
  readonly recordRelease: (
    tx: Transaction,
    projectId: string,
    release: { id: string; number: number; cases: number; sha256: string },
  ) => Promise<void>
  readonly geometriesOfCase: (caseId: string) => Promise<SeriesGeometry[]>
  readonly instancesOfSeries: (
    caseId: string,
    seriesInstanceUid: string,
  ) => Promise<ArchivedInstance[]>
  readonly segmentationAt: (
    caseId: string,
    revision: number,
  ) => Promise<{ seriesInstanceUid: string; runs: number[] } | undefined>
  readonly outcomeAt: (
    caseId: string,
    revision: number,
  ) => Promise<{ values: OutcomeValues; stageGroup: StageGroup | null } | undefined>
  readonly segmentsOf: (projectId: string) => Promise<SegmentLabel[]>
}

export function buildReleaseJob(deps: BuildDependencies): Job {
  const { db, blobs } = deps
  return defineJob({
    name: BUILD_RELEASE,
    payload: Payload,
    handle: async ({ releaseId }, signal, report) => {
      const release = await store.releaseById(db, releaseId)
      if (release === undefined || release.status === 'ready' || release.status === 'failed') return
      await store.setBuilding(db, releaseId)
      const zip = createReleaseZip()
      // Both sides run together: a failure of one ends the other, and no blob becomes visible.
      const [file] = await Promise.all([
        blobs.put('release', zip.output),
        fill(zip, release, signal, report).catch((error: unknown) => {
          zip.output.destroy(error instanceof Error ? error : new Error('build failed'))
          throw error
        }),
      ])
      await db.transaction(async (tx) => {
        await store.setReady(tx, releaseId, file)
        const { projectId, number, cases } = release
        const { sha256 } = file
        await deps.recordRelease(tx, projectId, { id: releaseId, number, cases, sha256 })
        await audit(tx, release, { ...file, cases: release.cases })
      })
    },
    giveUp: async ({ releaseId }, error) => {
      const release = await store.releaseById(db, releaseId)
      if (release === undefined || release.status === 'ready' || release.status === 'failed') return
      const failureCode = codeOf(error)
      await db.transaction(async (tx) => {
        await store.setFailed(tx, releaseId, failureCode)
        await audit(tx, release, { failureCode })
      })
    },
  })

  async function fill(
    zip: ReleaseZip,
    release: store.ReleaseRow,
    signal: AbortSignal,
    report: Report,
  ): Promise<void> {
    const { members } = await readCohort(db, release.cohortId)
    const segments = await deps.segmentsOf(release.projectId)
    const outcomes: OutcomeRow[] = []
    for (const [at, member] of members.entries()) {
      signal.throwIfAborted()
      const outcome = await deps.outcomeAt(member.caseId, member.outcomeRevision)
      if (outcome === undefined) throw incomplete('an outcome revision is missing')
      outcomes.push({ pseudonym: member.pseudonym, ...outcome })
      await addCase(zip, member, segments)
      await store.setDone(db, release.id, at + 1)
      report({ files: at + 1, of: members.length })
    }
    await zip.add('outcomes.csv', Buffer.from(encodeOutcomes(outcomes)))
    const readme = dataReadme({
      nameEn: release.projectNameEn,
      nameKo: release.projectNameKo,
      number: release.number,
      cases: members.length,
      segments,
    })
    await zip.add('README.md', Buffer.from(readme))
    zip.finish({
      project: release.projectKey,
      release: release.number,
      createdAt: release.createdAt,
      cases: members.map(({ pseudonym, segmentationRevision, outcomeRevision }) => ({
        pseudonym,
        segmentationRevision,
        outcomeRevision,
      })),
    })
  }

  async function addCase(
    zip: ReleaseZip,
    member: { caseId: string; pseudonym: string; segmentationRevision: number },
    segments: readonly SegmentLabel[],
  ): Promise<void> {
    const { caseId, pseudonym, segmentationRevision: revision } = member
    const segmentation = await deps.segmentationAt(caseId, revision)
    if (segmentation === undefined) throw incomplete('a segmentation revision is missing')
    const geometry = (await deps.geometriesOfCase(caseId)).find(
      (each) => each.seriesInstanceUid === segmentation.seriesInstanceUid,
    )
    if (geometry?.isVolume !== true) {
      throw new ReleaseError('RELEASE_GEOMETRY', 'the segmented series is no volume')
    }
    const instances = await deps.instancesOfSeries(caseId, geometry.seriesInstanceUid)
    const folder = `cases/${pseudonym}`
    for (const { sopInstanceUid, sha256 } of instances) {
      const path = `${folder}/images/${geometry.seriesInstanceUid}/${sopInstanceUid}.dcm`
      await zip.add(path, await blobs.read('archive', sha256))
    }
    const labelmap = new Uint8Array(
      geometry.rows * geometry.columns * geometry.sopInstanceUids.length,
    )
    applyRuns(labelmap, segmentation.runs)
    const [source] = instances
    const text = (tag: string) => {
      const first = source?.metadata[tag]?.Value?.[0]
      return typeof first === 'string' ? first : ''
    }
    const name = `${geometry.seriesInstanceUid}/${revision}`
    await zip.add(
      `${folder}/segmentation.dcm`,
      encodeSegmentation({
        geometry,
        labelmap,
        segments,
        source: {
          patientId: pseudonym,
          studyDate: text('00080020'),
          studyTime: text('00080030'),
        },
        uids: {
          series: uidOf(`series/${name}`),
          instance: uidOf(`instance/${name}`),
          dimensionOrganization: uidOf(`dimensions/${name}`),
        },
        // The moment of the work would tell the true date; the (shifted) study's stands for it.
        contentDate: text('00080020'),
        contentTime: text('00080030') || '000000',
      }),
    )
    const volume = await readVolume(geometry, instances, blobs)
    await zip.add(`${folder}/image.nii.gz`, encodeNifti(geometry, volume))
    await zip.add(`${folder}/mask.nii.gz`, encodeNifti(geometry, labelmap))
  }
}

async function audit(
  tx: Transaction,
  release: store.ReleaseRow,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  await recordAudit(tx, {
    actorId: null,
    projectId: release.projectId,
    action: `job:${BUILD_RELEASE}`,
    objectKind: 'release',
    objectId: release.id,
    details,
  })
}

function incomplete(detail: string): ReleaseError {
  return new ReleaseError('RELEASE_INCOMPLETE_CASE', detail)
}

/** The same work gives the same UID in every release: 2.25 and 128 bits of a hash (PS3.5 B.2). */
function uidOf(name: string): string {
  const hash = createHash('sha256').update(`pandok-seg/${name}`).digest('hex')
  return `2.25.${BigInt(`0x${hash.slice(0, 32)}`)}`
}
