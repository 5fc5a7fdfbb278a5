/** Steps of the main job that several tests take on their way, as the persons who take them. */
import { createHash } from 'node:crypto'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { framesToSee, type OutcomeValues } from '@pandok/contract'
import { makePhantom } from '../phantom/index.ts'
import type { TestInstallation } from './installation.ts'

/** Of the demonstration. */
export const PROJECT = { projectKey: 'lung-prognosis' }

export const OUTCOME: OutcomeValues = {
  sex: 'M',
  ageAtDiagnosis: 93,
  histology: '8140/3',
  tnmEdition: '9',
  clinicalT: 'T1c',
  clinicalN: 'N1',
  clinicalM: 'M0',
  treatments: ['surgery'],
  diagnosisDate: '2021-02-10',
  surgeryDate: '2021-03-01',
  radiotherapyStartDate: null,
  systemicStartDate: null,
  recurrenceDate: null,
  lastContactDate: '2023-07-01',
  vitalStatus: 'dead',
  deathDate: '2023-07-01',
  deathCause: 'lung-cancer',
}

export async function until<T>(read: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const value = await read()
    if (isThere(value)) return value
    await new Promise((wake) => setTimeout(wake, 100))
  }
  throw new Error('it did not happen within 60 s')
}

/** The files of a phantom as a browser would send them: de-identified. */
export async function cleanPhantom(
  pandok: TestInstallation,
  phantom: Parameters<typeof makePhantom>[0],
): Promise<Uint8Array[]> {
  const client = pandok.as('data-manager')
  const key = await client.getDeidentificationKey({ params: PROJECT })
  const vault = openVault(Buffer.from(key.keyBase64, 'base64'), key.pseudonymFormat)
  const settings = { profile: loadProfile(key.profile), vault }
  return makePhantom(phantom).files.map(({ bytes }) =>
    joinChunks(deidentify(bytes, settings).chunks),
  )
}

/** Its SHA-256. */
export async function sendFile(
  pandok: TestInstallation,
  uploadId: string,
  bytes: Uint8Array,
): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const body = new Blob([new Uint8Array(bytes)])
  await pandok.as('data-manager').putUploadFile({ params: { uploadId, sha256 }, body })
  return sha256
}

/** The data manager looks at whatever waits, says that it is no text, and approves: the archived upload. */
export async function approveUpload(pandok: TestInstallation, uploadId: string) {
  const manager = pandok.as('data-manager')
  const params = { uploadId }
  const { studies } = await manager.getUpload({ params })
  for (const { seriesInstanceUid: series, pixels } of studies.flatMap((study) => study.series)) {
    const own = { ...params, series }
    if (pixels.mustBeSeen) {
      const { items: images } = await manager.listUploadImages({ params: own })
      const { items: findings } = await manager.listPixelFindings({ params: own })
      const seen = framesToSee(images, findings)
      await manager.recordSeriesSeen({ params: own, body: { seen } })
    }
    if (pixels.findings.undecided > 0) {
      await manager.decidePixelFindings({ params: own, body: { decision: 'clear' } })
    }
  }
  await manager.decideQc({ params, body: { decision: 'approve' } })
  return await until(
    () => manager.getUpload({ params }),
    (each) => each.status !== 'archiving',
  )
}

/** Painted by a labeler, accepted by two reviewers. `runs` of the only series of the next case. */
export async function acceptNextCase(pandok: TestInstallation, runs: number[]): Promise<void> {
  const labeler = pandok.as('labeler-1')
  const next = await labeler.takeNextTask({ params: PROJECT, body: { kind: 'annotate' } })
  const params = { taskId: next.task?.id ?? '' }
  const assignmentId = next.task?.assignment?.id ?? ''
  const { series } = await labeler.getTask({ params })
  await labeler.appendSegmentationRevision({
    params,
    body: {
      assignmentId,
      clientRevisionId: crypto.randomUUID(),
      baseRevision: 0,
      seriesInstanceUid: series[0]?.seriesInstanceUid ?? '',
      runs,
    },
  })
  await labeler.submitTask({ params, body: { assignmentId } })
  for (const [username, kind] of [
    ['reviewer-1', 'review-1'],
    ['reviewer-2', 'review-2'],
  ] as const) {
    const reviewer = pandok.as(username)
    const { task } = await reviewer.takeNextTask({ params: PROJECT, body: { kind } })
    await reviewer.decideReview({
      params: { taskId: task?.id ?? '' },
      body: { assignmentId: task?.assignment?.id ?? '', verdict: 'accept' },
    })
  }
}

/** A release of all cases with OUTCOME, downloaded. */
export async function downloadNewRelease(pandok: TestInstallation): Promise<Buffer> {
  const researcher = pandok.as('researcher')
  const filter = { vitalStatuses: ['dead' as const] }
  const cohort = await researcher.createCohort({ params: PROJECT, body: { name: 'all', filter } })
  const params = { cohortId: cohort.id }
  await researcher.freezeCohort({ params, body: {} })
  const { id: releaseId } = await researcher.createRelease({ params, body: {} })
  const { status } = await until(
    () => researcher.getRelease({ params: { releaseId } }),
    (each) => each.status === 'ready' || each.status === 'failed',
  )
  if (status !== 'ready') throw new Error('the release failed')
  const zip = await researcher.downloadRelease({ params: { releaseId } })
  return Buffer.from(await zip.arrayBuffer())
}
