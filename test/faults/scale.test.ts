/**
 * Two processes of each kind (http, worker, dimse) on one PostgreSQL and one S3 server: one of each is
 * killed in the middle of its work, senders go on with the other. Nothing is lost or done twice, and what
 * is retrieved is what is archived, byte for byte.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { createClient, MIN_PART_BYTES } from '@pandok/contract'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import { acknowledged, run, start } from '../support/dcmtk.ts'
import { freePorts } from '../support/free-port.ts'
import { pause, untilTrue } from '../support/holds.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import {
  HAS_OBJECT_STORE,
  startObjectStore,
  type TestObjectStore,
} from '../support/object-store.ts'
import {
  type ApiProcess,
  startApiProcess,
  startProcess,
  type TestProcess,
} from '../support/processes.ts'
import { multipartBody, partOf, StoreAnswer, stow } from '../support/stow.ts'
import { approveUpload, PROJECT, until } from '../support/workflow.ts'

const isLong = process.env['PANDOK_FAULTS'] === 'long'
const ROUNDS = isLong ? 20 : 1
const [BY_HTTP, BY_STOW, BY_DIMSE] = isLong ? [60, 60, 200] : [8, 8, 30]
const CUT_AFTER = 5
const BUCKET = 'pandok-scale'
const STUDIES = `/dicomweb/projects/${PROJECT.projectKey}/studies`

let store: TestObjectStore
let pandok: TestInstallation
let token: string
let folder: string
let db: pg.Pool
const workers: TestProcess[] = []
const others: TestProcess[] = []

const isThere = HAS_OBJECT_STORE && existsSync('/usr/bin/storescu')

beforeAll(async () => {
  if (!isThere) return
  folder = await mkdtemp(join(tmpdir(), 'pandok-scale-'))
  store = await startObjectStore()
  await store.makeBucket(BUCKET)
  const { endpoint, region, credentials } = store
  pandok = await startTestInstallation({
    isReceiving: true,
    hasWorker: false,
    env: {
      BLOB_URL: `s3://${BUCKET}/blobs?endpoint=${encodeURIComponent(endpoint)}&region=${region}`,
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      LOCAL_COPIES_DIR: join(folder, 'copies'),
      JOB_LEASE_SECONDS: '3',
      UPLOAD_QUIET_SECONDS: '600',
    },
  })
  token = await pandok.tokenOf('data-manager')
  db = new pg.Pool({ connectionString: pandok.databaseUrl, max: 3 })
  await pandok.as('manager').putDicomReceiver({
    params: { ...PROJECT, aeTitle: 'PANDOK' },
    body: { callingAeTitles: ['STORESCU'], addresses: ['127.0.0.0/8'] },
  })
  workers.push(startProcess('worker'), startProcess('worker'))
})
afterAll(async () => {
  if (!isThere) return
  for (const each of [...workers, ...others]) await each.kill()
  await db.end()
  await pandok.stop()
  await store.stop()
  await rm(folder, { recursive: true, force: true })
})

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const clientOf = (url: string) =>
  createClient({ baseUrl: url, getToken: () => Promise.resolve(token) })
const manager = () => pandok.as('data-manager')
const receiving = async (source: string) =>
  (await manager().listUploads({ params: PROJECT })).items.find(
    (each) => each.source === source && each.status === 'receiving',
  )?.id ?? ''

/** A process that dies once everybody who sends to it is in the middle. */
function mortal(api: ApiProcess, senders: number) {
  const everybody = Promise.withResolvers<undefined>()
  let ready = 0
  const dead = everybody.promise.then(async () => {
    await pause(Math.random() * 20)
    await api.kill()
  })
  return {
    url: api.url,
    /** Resolves when it is dead. */
    inTheMiddle: async () => {
      ready += 1
      if (ready === senders) everybody.resolve(undefined)
      await dead
    },
  }
}
type Mortal = ReturnType<typeof mortal>

/** Clean files and one large one in parts, through `second` until it is dead, then through the first. */
async function sendByHttp(second: Mortal, seed: number): Promise<string> {
  const key = await manager().getDeidentificationKey({ params: PROJECT })
  const vault = openVault(Buffer.from(key.keyBase64, 'base64'), key.pseudonymFormat)
  const settings = { profile: loadProfile(key.profile), vault }
  const clean = (bytes: Uint8Array) =>
    new Uint8Array(joinChunks(deidentify(bytes, settings).chunks))
  const files = makePhantom({ seed, size: 32, slices: BY_HTTP - 1 }).files.map(({ bytes }) =>
    clean(bytes),
  )
  const [whole] = makePhantom({ seed: seed + 1, size: 512, slices: 1 }).files
  const large = clean(whole?.bytes ?? new Uint8Array())
  const { id: uploadId } = await manager().createUpload({ params: PROJECT, body: {} })
  let client = clientOf(second.url)
  for (const bytes of files) {
    const params = { uploadId, sha256: sha256Of(bytes) }
    await client.putUploadFile({ params, body: new Blob([bytes]) })
  }
  const params = { uploadId, sha256: sha256Of(large) }
  let isCut = false
  for (;;) {
    const { isReceived, offset } = await client.getUploadFile({ params })
    if (isReceived) break
    const end = Math.min(offset + 2 * MIN_PART_BYTES, large.length)
    const sent = client
      .patchUploadFile({
        params,
        query: { offset, length: large.length },
        body: new Blob([large.subarray(offset, end)]),
      })
      .catch(() => undefined)
    if (!isCut && offset >= large.length / 2) {
      isCut = true
      await second.inTheMiddle()
      client = clientOf(pandok.url)
    }
    await sent
  }
  const sha256s = [...files, large].map(sha256Of)
  await manager().completeUpload({ params: { uploadId }, body: { sha256s } })
  return uploadId
}

/** To the second process until it is killed after some, then all of them to the first. */
async function sendByDimse(seed: number): Promise<{ told: number; id: string }> {
  const port = await freePorts(1)
  const second = startProcess('dimse', { DICOM_PORT: String(port) })
  others.push(second)
  const place = await mkdtemp(join(folder, 'dimse-'))
  for (const { name, bytes } of makePhantom({ seed, size: 32, slices: BY_DIMSE }).files) {
    await writeFile(join(place, name), bytes)
  }
  const to = (at: number) => ['-v', '-aec', 'PANDOK', '+sd', '127.0.0.1', String(at), place]
  await untilTrue(
    async () =>
      (await run('echoscu', ['-aec', 'PANDOK', '-aet', 'STORESCU', '127.0.0.1', String(port)]))
        .code === 0,
    'the second receiver listens',
  )
  const cut = start('storescu', to(port))
  await untilTrue(() => acknowledged(cut.said()) >= CUT_AFTER, 'some were acknowledged')
  await second.kill()
  const { text } = await cut.ended
  const early = acknowledged(text)
  expect(early).toBeLessThan(BY_DIMSE)
  const id = await receiving('dimse')
  const { files } = await manager().getUpload({ params: { uploadId: id } })
  expect(files.received).toBeGreaterThanOrEqual(early)
  const rest = await run('storescu', to(pandok.dicomPort))
  expect([rest.code, acknowledged(rest.text)]).toEqual([0, BY_DIMSE])
  await complete(id)
  return { told: early + BY_DIMSE, id }
}

/** To a process that dies in the middle, and all of it again to the other. */
async function sendByStow(second: Mortal, seed: number): Promise<string> {
  const files = makePhantom({ seed, size: 32, slices: BY_STOW }).files.map(({ bytes }) => bytes)
  const { type, body } = multipartBody(files.map(partOf))
  const headers = { authorization: `Bearer ${token}`, 'content-type': type }
  const torn = request(`${second.url}${STUDIES}`, { method: 'POST', headers })
  torn.on('error', () => undefined)
  torn.write(body.subarray(0, body.length / 2))
  await untilTrue(async () => (await receiving('stow')) !== '', 'some of it is stored')
  await second.inTheMiddle()
  torn.destroy()
  const answer = await stow(`${pandok.url}${STUDIES}`, token, files.map(partOf))
  expect(StoreAnswer.parse(await answer.json()).stored).toHaveLength(files.length)
  const id = await receiving('stow')
  await complete(id)
  return id
}

async function complete(uploadId: string): Promise<void> {
  const { rows } = await db.query<{ sha256: string }>(
    'select sha256 from upload_file where upload_id = $1',
    [uploadId],
  )
  await manager().completeUpload({
    params: { uploadId },
    body: { sha256s: rows.map(({ sha256 }) => sha256) },
  })
}

/** Kills the worker that is at the job of the upload; another one is started in its place. */
async function killWorkerAt(uploadId: string, name: string): Promise<void> {
  let pid = 0
  await untilTrue(async () => {
    const { rows } = await db.query<{ pid: number }>(
      `select w.pid from job join job_worker w on w.id = job.worker_id
        where job.subject_id = $1 and job.name = $2 and job.state = 'running'`,
      [uploadId, name],
    )
    pid = rows[0]?.pid ?? 0
    return pid !== 0
  }, `somebody is at ${name}`)
  await pause(Math.random() * 100)
  const at = workers.findIndex((each) => each.pid === pid)
  await workers[at]?.kill()
  workers[at] = startProcess('worker')
}

test.skipIf(!isThere).each(Array.from({ length: ROUNDS }, (_, round) => round))(
  'two of each, one of each killed in the middle: nothing lost, nothing twice (round %i)',
  async (round) => {
    const seed = 500 + 10 * round
    const begun = performance.now()
    token = await pandok.tokenOf('data-manager')
    const api = await startApiProcess(await freePorts(1))
    others.push(api)
    const second = mortal(api, 2)
    const dimse = await sendByDimse(seed)
    const [, byHttp, byStow] = await Promise.all([
      killWorkerAt(dimse.id, 'deidentification.check'),
      sendByHttp(second, seed + 2),
      sendByStow(second, seed + 4),
    ])
    const ids = [byHttp, byStow, dimse.id]
    for (const uploadId of ids) {
      await until(
        () => manager().getUpload({ params: { uploadId } }),
        ({ status }) => status === 'awaiting-qc' || status === 'failed',
      )
    }
    const [archived] = await Promise.all([
      Promise.all(ids.map((id) => approveUpload(pandok, id))),
      killWorkerAt(byHttp, 'archive.store'),
    ])
    const expected = [BY_HTTP, BY_STOW, BY_DIMSE]
    expect(archived.map(({ status, files }) => [status, files.archived])).toEqual(
      expected.map((count) => ['archived', count]),
    )
    const { rows: instances } = await db.query<{ path: string; sha256: string }>(
      `select i.sha256, format('/dicomweb/studies/%s/series/%s/instances/%s', s.study_instance_uid,
              se.series_instance_uid, i.sop_instance_uid) as path
         from instance i join series se on se.id = i.series_id join study s on s.id = se.study_id
        where i.sha256 in (select sha256 from upload_file where upload_id = any($1))`,
      [ids],
    )
    const reader = await startApiProcess(await freePorts(1))
    others.push(reader)
    const labeler = await pandok.tokenOf('labeler-1')
    let different = 0
    for (const [at, { path, sha256 }] of instances.entries()) {
      const answer = await fetch(`${at % 2 === 0 ? pandok.url : reader.url}${path}`, {
        headers: {
          authorization: `Bearer ${labeler}`,
          accept: 'application/dicom; transfer-syntax=*',
        },
      })
      if (sha256Of(new Uint8Array(await answer.arrayBuffer())) !== sha256) different += 1
    }
    await reader.kill()
    const { rows: twice } = await db.query(
      `select from audit_event where object_id = any($1) and action ~ '^job:(deid|archive)'
        group by object_id, action, details->>'studyId' having count(*) > 1`,
      [ids],
    )
    const { rows: attempts } = await db.query<{ count: number }>(
      `select count(*)::int as count from job where subject_id = any($1) and attempts > 1`,
      [ids],
    )
    const total = expected.reduce((sum, count) => sum + count, 0)
    process.stdout.write(
      `two http, two workers, two dimse on one PostgreSQL and one S3; killed: 1 http, 1 dimse, ` +
        `2 workers (${attempts[0]?.count ?? 0} jobs taken up by the other); ` +
        `${total} files acknowledged (${BY_HTTP} HTTP, ${BY_STOW} STOW, ${BY_DIMSE} DIMSE of ${dimse.told} answers), ` +
        `${total - instances.length} lost, 0 half-visible, ${twice.length} done twice; ${instances.length} retrieved from ` +
        `two processes, ${different} differ; ${((performance.now() - begun) / 1000).toFixed(1)} s\n`,
    )
    expect([instances.length, different, twice.length]).toEqual([total, 0, 0])
    expect(attempts[0]?.count).toBeGreaterThan(0)
  },
  300_000,
)
