/**
 * The main job through the public API, as scripts would do it, against a whole installation with
 * its own database, identity provider and worker.
 */
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deidentify, joinChunks, loadProfile, openVault, shiftIsoDate } from '@pandok/anonymizer'
import { encodeRuns, PandokError } from '@pandok/contract'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom, type Phantom } from '../phantom/index.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { OUTCOME, PROJECT, sendFile, until } from '../support/workflow.ts'

const ROOT = join(import.meta.dirname, '../..')

let pandok: TestInstallation
let phantom: Phantom
let folder: string

beforeAll(async () => {
  phantom = makePhantom({ seed: 5, size: 64, slices: 12, patientId: 'CANARY-ID-77' })
  folder = await mkdtemp(join(tmpdir(), 'pandok-release-'))
  pandok = await startTestInstallation()
}, 120_000)

afterAll(async () => {
  await pandok.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof PandokError ? error.code : String(error)),
  )

describe('the main job', { timeout: 120_000 }, () => {
  let pseudonym = ''
  let caseId = ''
  let taskId = ''
  let releaseId = ''

  test('a data manager uploads; what is not clean is refused, the rest is archived after QC', async () => {
    const manager = pandok.as('data-manager')
    const key = await manager.getDeidentificationKey({ params: PROJECT })
    const vault = openVault(Buffer.from(key.keyBase64, 'base64'), key.pseudonymFormat)
    const upload = await manager.createUpload({ params: PROJECT, body: {} })
    const params = { uploadId: upload.id }
    const sha256s: string[] = []
    for (const { bytes } of phantom.files) {
      const clean = deidentify(bytes, { profile: loadProfile(key.profile), vault })
      pseudonym = clean.pseudonym
      sha256s.push(await sendFile(pandok, upload.id, joinChunks(clean.chunks)))
    }
    const [original] = phantom.files
    const dirty = await sendFile(pandok, upload.id, original?.bytes ?? new Uint8Array())
    await manager.completeUpload({ params, body: { sha256s: [...sha256s, dirty] } })
    const checked = await until(
      () => manager.getUpload({ params }),
      (each) => each.status === 'awaiting-qc',
    )
    expect(checked.files).toMatchObject({ clean: 12, refused: 1 })
    expect(checked.refusals.map((each) => [each.sha256, each.code])).toEqual([[dirty, 'NOT_CLEAN']])
    expect(JSON.stringify(checked.refusals)).not.toContain('CANARY-ID-77')
    const series = checked.studies[0]?.series[0]?.seriesInstanceUid ?? ''
    const { items } = await manager.listUploadImages({ params: { ...params, series } })
    // The phantom is written from the feet up, its instances are numbered from the head down.
    expect(items.map((each) => each.sha256)).toEqual(sha256s.toReversed())
    const [image] = items
    expect(image).toMatchObject({ isNative: true, bitsAllocated: 16, rescaleIntercept: -1024 })
    const frameOf = (sha256: string) => ({ params: { ...params, sha256, frame: 1 } })
    const frame = await manager.getUploadFrame(frameOf(image?.sha256 ?? ''))
    expect(frame.size).toBe((image?.rows ?? 0) * (image?.columns ?? 0) * 2)
    expect(await codeOf(manager.getUploadFrame(frameOf(dirty)))).toBe('NOT_FOUND')
    const another = pandok.as('labeler-1').getUploadFrame(frameOf(image?.sha256 ?? ''))
    expect(await codeOf(another)).toBe('FORBIDDEN')
    // The detector takes bones of the phantom for letters; a person says that they are none.
    const { items: findings } = await manager.listPixelFindings({ params: { ...params, series } })
    expect(findings.length).toBeGreaterThan(0)
    expect(await codeOf(manager.decideQc({ params, body: { decision: 'approve' } }))).toBe(
      'UPLOAD_PIXELS_UNDECIDED',
    )
    await manager.decidePixelFindings({
      params: { ...params, series },
      body: { decision: 'clear' },
    })
    await manager.decideQc({ params, body: { decision: 'approve' } })
    const archived = await until(
      () => manager.getUpload({ params }),
      (each) => each.status === 'archived',
    )
    expect(archived.caseIds).toHaveLength(1)
    caseId = archived.caseIds[0] ?? ''
    expect(
      await codeOf(sendFile(pandok, upload.id, phantom.files[1]?.bytes ?? new Uint8Array())),
    ).toBe('UPLOAD_CLOSED')
  })

  test('one labeler gets the case, nobody else', async () => {
    const next = { params: PROJECT, body: { kind: 'annotate' as const } }
    const [one, two] = await Promise.all([
      pandok.as('labeler-1').takeNextTask(next),
      pandok.as('labeler-2').takeNextTask(next),
    ])
    const taken = [one.task, two.task].filter((task) => task !== null)
    expect(taken).toHaveLength(1)
    // Give it to labeler-1 for what follows.
    if (two.task?.assignment) {
      const { id } = two.task
      await pandok
        .as('labeler-2')
        .releaseTask({ params: { taskId: id }, body: { assignmentId: two.task.assignment.id } })
    }
    const mine = await pandok.as('labeler-1').takeNextTask(next)
    expect(mine.task?.pseudonym).toBe(pseudonym)
    taskId = mine.task?.id ?? ''
    expect(await codeOf(pandok.as('labeler-2').getTask({ params: { taskId } }))).toBe('NOT_FOUND')
    expect(await codeOf(pandok.as('researcher').getTask({ params: { taskId } }))).toBe('FORBIDDEN')
  })

  const paint = async (runs: number[], clientRevisionId: string = randomUUID()) => {
    const labeler = pandok.as('labeler-1')
    const task = await labeler.getTask({ params: { taskId } })
    const { revision } = await labeler.getSegmentation({ params: { taskId } })
    return await labeler.appendSegmentationRevision({
      params: { taskId },
      body: {
        assignmentId: task.assignment?.id ?? '',
        clientRevisionId,
        baseRevision: revision,
        seriesInstanceUid: task.series[0]?.seriesInstanceUid ?? '',
        runs,
      },
    })
  }

  test('strokes are saved once each; stale and foreign saves are refused', async () => {
    const labeler = pandok.as('labeler-1')
    const task = await labeler.getTask({ params: { taskId } })
    expect(task.series).toHaveLength(1)
    expect(task.series[0]).toMatchObject({ isVolume: true, rows: 64, columns: 64, findings: [] })
    const body = {
      assignmentId: task.assignment?.id ?? '',
      clientRevisionId: randomUUID(),
      baseRevision: 0,
      seriesInstanceUid: task.series[0]?.seriesInstanceUid ?? '',
      runs: [100, 5, 1],
    }
    expect(
      await codeOf(
        labeler.submitTask({ params: { taskId }, body: { assignmentId: body.assignmentId } }),
      ),
    ).toBe('SEGMENTATION_EMPTY')
    const save = () => labeler.appendSegmentationRevision({ params: { taskId }, body })
    expect(await save()).toEqual({ revision: 1 })
    expect(await save()).toEqual({ revision: 1 })
    const stale = { ...body, clientRevisionId: randomUUID() }
    expect(
      await codeOf(labeler.appendSegmentationRevision({ params: { taskId }, body: stale })),
    ).toBe('REVISION_STALE')
    const outside = { ...stale, baseRevision: 1, runs: [64 * 64 * 12, 1, 1] }
    expect(
      await codeOf(labeler.appendSegmentationRevision({ params: { taskId }, body: outside })),
    ).toBe('INPUT_INVALID')
    expect(await paint([100, 5, 0])).toEqual({ revision: 2 })
    expect(await paint(encodeRuns(phantom.truth.mask))).toEqual({ revision: 3 })
    const state = await labeler.getSegmentation({ params: { taskId } })
    expect(state).toMatchObject({ revision: 3, runs: encodeRuns(phantom.truth.mask) })
  })

  const review = async (
    username: string,
    kind: 'review-1' | 'review-2',
    verdict: 'accept' | 'return',
  ) => {
    const reviewer = pandok.as(username)
    const { task } = await reviewer.takeNextTask({ params: PROJECT, body: { kind } })
    if (task?.assignment == null) return 'nothing to review'
    const detail = await reviewer.getTask({ params: { taskId: task.id } })
    const params = { taskId: task.id }
    const assignmentId = task.assignment.id
    if (verdict === 'return') {
      const empty = reviewer.decideReview({ params, body: { assignmentId, verdict } })
      expect(await codeOf(empty)).toBe('REVIEW_REASON_MISSING')
    }
    const pin = {
      text: '여기가 빠졌습니다',
      sopInstanceUid: detail.series[0]?.sopInstanceUids[3] ?? '',
      pointMm: detail.series[0]?.positions[3] ?? ([0, 0, 0] as [number, number, number]),
    }
    await reviewer.decideReview({
      params,
      body: {
        assignmentId,
        verdict,
        ...(verdict === 'return'
          ? { reason: 'missed-lesion' as const, comment: 'one is missing', pins: [pin] }
          : {}),
      },
    })
    return 'decided'
  }

  const submit = async () => {
    const labeler = pandok.as('labeler-1')
    const { task } = await labeler.takeNextTask({ params: PROJECT, body: { kind: 'annotate' } })
    await labeler.submitTask({
      params: { taskId: task?.id ?? '' },
      body: { assignmentId: task?.assignment?.id ?? '' },
    })
    return task
  }

  test('returned with a reason and a pin, corrected by the same labeler, accepted twice', async () => {
    await submit()
    expect(await review('reviewer-1', 'review-1', 'return')).toBe('decided')
    const { task: notHers } = await pandok
      .as('labeler-2')
      .takeNextTask({ params: PROJECT, body: { kind: 'annotate' } })
    expect(notHers).toBeNull()
    const { task } = await pandok
      .as('labeler-1')
      .takeNextTask({ params: PROJECT, body: { kind: 'annotate' } })
    expect(task).toMatchObject({ id: taskId, round: 2 })
    const detail = await pandok.as('labeler-1').getTask({ params: { taskId } })
    expect(detail.reviews).toMatchObject([
      { verdict: 'return', reason: 'missed-lesion', pins: [{ text: '여기가 빠졌습니다' }] },
    ])
    await paint([0, 3, 2])
    await submit()
    // The first reviewer's own round again; the second stage is closed to them.
    expect(await review('reviewer-2', 'review-1', 'accept')).toBe('nothing to review')
    expect(await review('reviewer-1', 'review-1', 'accept')).toBe('decided')
    expect(await review('reviewer-1', 'review-2', 'accept')).toBe('nothing to review')
    expect(await review('reviewer-2', 'review-2', 'accept')).toBe('decided')
    const done = await pandok.as('manager').getCase({ params: { caseId } })
    expect(done.stage).toBe('accepted')
  })

  test('the outcome: wrong combinations refused, dates shifted as the images are', async () => {
    const manager = pandok.as('data-manager')
    const params = { caseId }
    const wrong = { ...OUTCOME, clinicalN: 'N2a' as const, tnmEdition: '8' as const }
    expect(
      await codeOf(manager.putOutcome({ params, body: { baseRevision: 0, values: wrong } })),
    ).toBe('OUTCOME_INVALID')
    const saved = await manager.putOutcome({ params, body: { baseRevision: 0, values: OUTCOME } })
    expect(saved.stageGroup).toBe('IIA')
    const key = await manager.getDeidentificationKey({ params: PROJECT })
    const vault = openVault(Buffer.from(key.keyBase64, 'base64'), key.pseudonymFormat)
    const days = vault.dateOffsetDays(pseudonym)
    const seen = await pandok.as('researcher').getOutcome({ params })
    expect(seen.values?.diagnosisDate).toBe(shiftIsoDate(OUTCOME.diagnosisDate, days))
    expect((await manager.getOutcomeEntry({ params })).values).toEqual(OUTCOME)
    expect(await codeOf(pandok.as('researcher').getOutcomeEntry({ params }))).toBe('FORBIDDEN')
  })

  test('a researcher freezes a cohort and builds a release that verifies', async () => {
    const researcher = pandok.as('researcher')
    const filter = { stageGroups: ['IIA' as const], vitalStatuses: ['dead' as const] }
    const cohort = await researcher.createCohort({
      params: PROJECT,
      body: { name: 'IIA', filter },
    })
    const params = { cohortId: cohort.id }
    expect(await codeOf(researcher.createRelease({ params, body: {} }))).toBe('COHORT_NOT_FROZEN')
    const frozen = await researcher.freezeCohort({ params, body: {} })
    expect(frozen.members).toMatchObject([{ caseId, segmentationRevision: 4, outcomeRevision: 1 }])
    expect(await codeOf(researcher.freezeCohort({ params, body: {} }))).toBe('COHORT_FROZEN')
    const release = await researcher.createRelease({ params, body: {} })
    releaseId = release.id
    const ready = await until(
      () => researcher.getRelease({ params: { releaseId } }),
      (each) => each.status === 'ready' || each.status === 'failed',
    )
    expect(ready).toMatchObject({ status: 'ready', number: 1, failureCode: null })
    const zip = await researcher.downloadRelease({ params: { releaseId } })
    const bytes = Buffer.from(await zip.arrayBuffer())
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(ready.sha256)
    const path = join(folder, 'release.zip')
    await writeFile(path, bytes)
    const pandokCommand = join(ROOT, 'deploy/cli/pandok.mjs')
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, [pandokCommand, 'verify', path])
    expect(stdout).toMatch(/^OK: 17 files of 1 cases/)
    // Built once more from the same frozen cohort: byte for byte the same.
    const client = new pg.Client({ connectionString: pandok.databaseUrl })
    await client.connect()
    await client.query('alter table release disable trigger release_finished_is_final')
    await client.query(
      `update release set status = 'queued', sha256 = null, byte_count = null where id = $1`,
      [releaseId],
    )
    await client.query(
      `select graphile_worker.add_job('releases.build', json_build_object('releaseId', $1::text))`,
      [releaseId],
    )
    await client.query('alter table release enable trigger release_finished_is_final')
    await client.end()
    const again = await until(
      () => researcher.getRelease({ params: { releaseId } }),
      (each) => each.status === 'ready' || each.status === 'failed',
    )
    expect(again.sha256).toBe(ready.sha256)
    bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 0xff
    await writeFile(path, bytes)
    await expect(run(process.execPath, [pandokCommand, 'verify', path])).rejects.toMatchObject({
      code: 1,
    })
  })

  test('the auditor sees each step, by whom', async () => {
    const { items } = await pandok
      .as('auditor')
      .listAudit({ params: PROJECT, query: { limit: 500 } })
    const steps = items.map((event) => `${event.actor?.username ?? 'machine'} ${event.action}`)
    for (const step of [
      'data-manager createUpload',
      'machine job:deidentification.check',
      'data-manager decideQc',
      'machine job:archive.store',
      'labeler-1 takeNextTask',
      'labeler-1 appendSegmentationRevision',
      'labeler-1 submitTask',
      'reviewer-1 decideReview',
      'reviewer-2 decideReview',
      'data-manager putOutcome',
      'researcher freezeCohort',
      'machine job:releases.build',
      'researcher downloadRelease',
    ]) {
      expect(steps).toContain(step)
    }
    expect(JSON.stringify(items)).not.toContain('CANARY-ID-77')
    expect(JSON.stringify(items)).not.toContain(OUTCOME.diagnosisDate)
  })

  test('two uploads of the same file: rejecting one takes nothing from the other', async () => {
    const manager = pandok.as('data-manager')
    const key = await manager.getDeidentificationKey({ params: PROJECT })
    const vault = openVault(Buffer.from(key.keyBase64, 'base64'), key.pseudonymFormat)
    const [file] = makePhantom({ seed: 6, size: 32, slices: 2 }).files
    const clean = deidentify(file?.bytes ?? new Uint8Array(), {
      profile: loadProfile(key.profile),
      vault,
    })
    const uploads = await Promise.all(
      [1, 2].map(async () => {
        const { id } = await manager.createUpload({ params: PROJECT, body: {} })
        return { uploadId: id, sha256: await sendFile(pandok, id, joinChunks(clean.chunks)) }
      }),
    )
    for (const { uploadId, sha256 } of uploads) {
      await manager.completeUpload({ params: { uploadId }, body: { sha256s: [sha256] } })
    }
    for (const [at, { uploadId }] of uploads.entries()) {
      const params = { uploadId }
      const checked = await until(
        () => manager.getUpload({ params }),
        (each) => each.status !== 'checking',
      )
      expect(checked).toMatchObject({ status: 'awaiting-qc', files: { clean: 1, refused: 0 } })
      const decision = at === 0 ? ('reject' as const) : ('approve' as const)
      await manager.decideQc({ params, body: { decision } })
    }
    const archived = await until(
      () => manager.getUpload({ params: { uploadId: uploads[1]?.uploadId ?? '' } }),
      (each) => each.status !== 'archiving',
    )
    expect(archived).toMatchObject({ status: 'archived', files: { archived: 1 } })
  })
})
