/**
 * Imports from a peer that misbehaves: it leads elsewhere, breaks off in the middle of a file, or is gone.
 * Nothing half becomes an upload that is checked; a person goes on where it stopped, or gives it up.
 */
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makePhantom } from '../../../../test/phantom/index.ts'
import { startTestApi, type TestApi } from '../../../../test/support/api.ts'
import { type StagedPeer, startStagedPeer } from '../../../../test/support/staged-peer.ts'
import { startWorker } from '../../platform/jobs/index.ts'

const FILES = 6
const quiet = () => undefined
const LOG = { debug: quiet, info: quiet, warn: quiet, error: quiet }

let api: TestApi
let peer: StagedPeer
let worker: Awaited<ReturnType<typeof startWorker>>
/** Where a redirect would lead. */
const elsewhere = { requests: 0, url: '' }
const tripwire = createServer((_request, response) => {
  elsewhere.requests += 1
  response.end()
})
let params: { projectKey: string; peerKey: string }
let round = 0

beforeAll(async () => {
  await new Promise<void>((ready) => tripwire.listen(0, '127.0.0.1', ready))
  elsewhere.url = `http://127.0.0.1:${(tripwire.address() as AddressInfo).port}/`
  const { files } = makePhantom({ seed: 9, size: 32, slices: FILES })
  peer = await startStagedPeer(files.map(({ bytes }) => bytes))
  api = await startTestApi(
    {},
    { peers: [{ key: 'staged', url: peer.url, authorization: undefined }] },
  )
  worker = await startWorker({
    databaseUrl: api.databaseUrl,
    concurrency: 1,
    leaseMs: 30_000,
    retryMs: 10,
    // The check that follows a whole import waits in the queue.
    jobs: api.app.jobs.filter(({ name }) => name === 'intake.import-study'),
    log: LOG,
  })
}, 120_000)

afterAll(async () => {
  await worker.stop()
  await api.stop()
  await peer.stop()
  tripwire.closeAllConnections()
  await new Promise((closed) => tripwire.close(closed))
})

beforeEach(async () => {
  params = { projectKey: `peers-${++round}`, peerKey: 'staged' }
  const { projectKey } = params
  const pseudonymFormat = { prefix: 'LC', digits: 5 }
  const body = { key: projectKey, nameEn: 'Project', nameKo: '과제', pseudonymFormat }
  await api.as('admin').createProject({ params: {}, body })
  await api
    .as('admin')
    .putMember({ params: { projectKey, username: 'kim' }, body: { roles: ['data-manager'] } })
})

const kim = () => api.as('kim')
const importStudy = async () => {
  const { studyInstanceUid } = peer
  return await kim().importStudy({ params, body: { studyInstanceUid } })
}
const uploadOf = (uploadId: string) => kim().getUpload({ params: { uploadId } })
const statusBecomes = (uploadId: string, status: string) =>
  expect
    .poll(async () => (await uploadOf(uploadId)).status, { timeout: 20_000, interval: 30 })
    .toBe(status)
const jobOf = async () => {
  const { items } = await kim().listJobs({ params })
  const job = items.find(({ name }) => name === 'intake.import-study')
  if (job === undefined) throw new Error('there is no import')
  return job
}
/** Studies whose name, as the peer has it, is still there. */
const namesKept = async () => {
  const client = new pg.Client({ connectionString: api.databaseUrl })
  await client.connect()
  const { rowCount } = await client.query(
    'select from peer_import where study_instance_uid is not null',
  )
  await client.end()
  return rowCount
}
/** Half written ones too. */
const quarantined = async () => {
  const entries = await readdir(`${api.blobDirectory}/quarantine`, {
    recursive: true,
    withFileTypes: true,
  }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).length
}

test('given up: nothing of it stays, not even the name of the study', async () => {
  peer.trouble(2, { kind: 'break' })
  const { uploadId } = await importStudy()
  await statusBecomes(uploadId, 'failed')
  expect(await quarantined()).toBe(2)
  expect(await namesKept()).toBe(1)
  const { id: jobId } = await jobOf()
  await kim().cancelJob({ params: { jobId }, body: {} })
  await expect.poll(async () => (await jobOf()).state, { timeout: 20_000 }).toBe('cancelled')
  expect(await uploadOf(uploadId)).toMatchObject({
    status: 'failed',
    failureCode: 'JOB_CANCELLED',
  })
  expect(await quarantined()).toBe(0)
  expect(await namesKept()).toBe(0)
})

const TROUBLES = [
  ['leads elsewhere', () => ({ kind: 'redirect', to: elsewhere.url }) as const],
  ['breaks off in the middle of a file', () => ({ kind: 'break' }) as const],
] as const

test.each(TROUBLES)(
  'a peer that %s: nothing half; a person goes on where it stopped',
  async (_, how) => {
    const before = peer.asked.length
    const held = await quarantined()
    peer.trouble(4, how())
    const { uploadId } = await importStudy()
    await statusBecomes(uploadId, 'failed')
    expect(await uploadOf(uploadId)).toMatchObject({
      failureCode: 'PEER_FAILED',
      files: { received: 4, clean: 0 },
    })
    // The same files as of the import before are the same blobs.
    expect(await quarantined()).toBe(Math.max(held, 4))
    expect(elsewhere.requests).toBe(0)
    const job = await jobOf()
    expect(job).toMatchObject({
      state: 'failed',
      reason: 'PEER_FAILED',
      attempts: 3,
      canRetry: true,
      subject: { kind: 'upload', id: uploadId },
    })
    peer.trouble(0, undefined)
    await kim().retryJob({ params: { jobId: job.id }, body: {} })
    await statusBecomes(uploadId, 'checking')
    expect(await uploadOf(uploadId)).toMatchObject({ files: { received: FILES } })
    // Each once; the one that failed at each of three attempts too.
    expect(peer.asked.slice(before)).toEqual([0, 1, 2, 3, 4, 4, 4, 4, 5])
    await kim()
      .retryJob({ params: { jobId: job.id }, body: {} })
      .then(
        () => expect.unreachable(),
        (error: unknown) => expect(error).toMatchObject({ code: 'JOB_NOT_RETRYABLE' }),
      )
  },
)

test('a search that is led elsewhere is refused, and nobody goes there', async () => {
  peer.trouble(-1, { kind: 'redirect', to: elsewhere.url })
  await expect(kim().searchPeer({ params, body: { limit: 10, offset: 0 } })).rejects.toMatchObject({
    code: 'PEER_FAILED',
  })
  peer.trouble(0, undefined)
  expect(elsewhere.requests).toBe(0)
  const { items } = await kim().searchPeer({ params, body: { limit: 10, offset: 0 } })
  expect(items).toMatchObject([{ patientId: 'HOSPITAL-1', instances: FILES }])
})

test('a peer that is gone fails the import with its code', async () => {
  await peer.stop()
  const { uploadId } = await importStudy()
  await statusBecomes(uploadId, 'failed')
  expect(await uploadOf(uploadId)).toMatchObject({
    failureCode: 'PEER_FAILED',
    files: { received: 0 },
  })
  expect((await jobOf()).pastAttempts.map(({ reason }) => reason)).toEqual([
    'PEER_FAILED',
    'PEER_FAILED',
  ])
})
