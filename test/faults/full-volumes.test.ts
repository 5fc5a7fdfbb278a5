/**
 * F4: the volume of temporary copies is full, and that of the database. What was acknowledged stays, work
 * waits with a reason that names the disk, and goes on without a restart of ours once there is room.
 */
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getString, readDicom } from '@pandok/anonymizer/dicom'
import { startPostgres } from 'pandok/postgres'
import pg from 'pg'
import { expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import { freePorts } from '../support/free-port.ts'
import { pause, untilTrue } from '../support/holds.ts'
import { startTestInstallation } from '../support/installation.ts'
import { pidOf, untilHealthy } from '../support/processes.ts'
import { partOf, stow } from '../support/stow.ts'
import { PROJECT, until } from '../support/workflow.ts'

const ROUNDS = process.env['PANDOK_FAULTS'] === 'long' ? 10 : 1

/** A small file system of our own, and a file that fills it. */
async function mountSmall(sizeMib: number) {
  if (process.getuid?.() !== 0) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'pandok-small-'))
  await chmod(folder, 0o711)
  const options = ['-t', 'tmpfs', '-o', `size=${sizeMib}m,mode=0711`, 'tmpfs', folder]
  if (spawnSync('mount', options).status !== 0) return undefined
  const ballast = join(folder, 'ballast')
  return {
    folder,
    /** All but so much. */
    fill: async (leaveBytes: number) => {
      const { bavail, bsize } = await statfs(folder)
      await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)))
    },
    free: () => rm(ballast, { force: true }),
    unmount: async () => {
      spawnSync('umount', ['-l', folder])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
/** Elsewhere than in CI not everybody may mount one; there it would be a test that nobody misses. */
function orSkip<T>(small: T | undefined, skip: (why: string) => void): small is T {
  if (small !== undefined) return true
  if (process.env['CI'] === 'true') throw new Error('no small file system')
  skip('only who may mount a small file system')
  return false
}
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('F4: temporary copies have no room: the check fails with STORAGE_FULL, keeps all, and is done later', async (t) => {
  const small = await mountSmall(8)
  if (!orSkip(small, t.skip.bind(t))) return
  const pandok = await startTestInstallation({
    env: { LOCAL_COPIES_DIR: join(small.folder, 'copies') },
  })
  try {
    const pids = [pidOf('http'), pidOf('worker')]
    const manager = pandok.as('data-manager')
    const token = await pandok.tokenOf('data-manager')
    const files = makePhantom({ seed: 700, size: 512, slices: 3 }).files.map(({ bytes }) => bytes)
    const url = `${pandok.url}/dicomweb/projects/${PROJECT.projectKey}/studies`
    await small.fill(64 * 1024)
    // To a named study, so that each is opened at once.
    const study = getString(readDicom(files[0] ?? new Uint8Array()).dataSet, '0020000D')
    const refused = await stow(`${url}/${study}`, token, files.map(partOf))
    const told = await refused.text()
    const left = readdirSync(join(pandok.data, 'blobs/quarantine'), {
      recursive: true,
      withFileTypes: true,
    }).filter((entry) => entry.isFile())
    await small.free()
    expect((await stow(url, token, files.map(partOf))).status).toBe(200)
    const { items } = await manager.listUploads({ params: PROJECT })
    const uploadId = items.find(({ status }) => status === 'receiving')?.id ?? ''
    await small.fill(64 * 1024)
    await manager.completeUpload({ params: { uploadId }, body: { sha256s: files.map(sha256Of) } })
    const failed = await until(
      () => manager.getUpload({ params: { uploadId } }),
      ({ status }) => status !== 'checking',
    )
    const [job] = (await manager.listJobs({ params: PROJECT, query: { state: 'failed' } })).items
    expect(failed).toMatchObject({ status: 'failed', failureCode: 'STORAGE_FULL' })
    expect(job).toMatchObject({ reason: 'STORAGE_FULL', attempts: 3, canRetry: true })
    await small.free()
    await manager.retryJob({ params: { jobId: job?.id ?? '' }, body: {} })
    const checked = await until(
      () => manager.getUpload({ params: { uploadId } }),
      ({ status }) => status !== 'checking',
    )
    process.stdout.write(
      `full volume of temporary copies: STOW answered ${refused.status}; ${files.length} files acknowledged, ` +
        `${files.length - checked.files.clean} lost, ${left.length} half-visible, ${(checked.report?.files ?? 0) - files.length} done twice\n`,
    )
    expect([refused.status, told]).toEqual([507, expect.stringContaining('STORAGE_FULL')])
    expect(left).toEqual([])
    expect(checked).toMatchObject({
      status: 'awaiting-qc',
      files: { clean: files.length, refused: 0 },
      report: { files: files.length },
    })
    expect([pidOf('http'), pidOf('worker')]).toEqual(pids)
  } finally {
    await pandok.stop()
    await small.unmount()
  }
})

test('F4: the database has no room: 503, nothing acknowledged is lost, and all goes on later', async (t) => {
  const small = await mountSmall(256)
  if (!orSkip(small, t.skip.bind(t))) return
  const password = randomBytes(12).toString('hex')
  const directory = join(small.folder, 'postgres')
  const port = await freePorts(1)
  const findOrStart = () => startPostgres({ directory, port, password, database: 'pandok' })
  await mkdir(directory)
  let server = await findOrStart()
  const owner = new pg.Client({ connectionString: server.url })
  await owner.connect()
  await owner.query('create database vault')
  // Fewer and smaller files of the log than the volume could hold.
  await owner.query(`alter system set max_wal_size = '64MB'`)
  await owner.query('select pg_reload_conf()')
  await owner.end()
  const pandok = await startTestInstallation({
    env: {
      DATABASE_URL: server.url,
      DATABASE_OWNER_URL: server.url,
      VAULT_URL: server.url.replace(/\/pandok$/, '/vault'),
    },
  })
  try {
    const pids = [pidOf('http'), pidOf('worker')]
    let token = ''
    const { id: uploadId } = await pandok
      .as('data-manager')
      .createUpload({ params: PROJECT, body: {} })
    const acknowledged: string[] = []
    const answers = new Map<number, number>()
    const send = async (body: Buffer<ArrayBuffer>): Promise<boolean> => {
      const sha256 = sha256Of(body)
      const answer = await fetch(`${pandok.url}/api/uploads/${uploadId}/files/${sha256}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/dicom' },
        body,
      })
      await answer.arrayBuffer()
      answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1)
      if (answer.ok) acknowledged.push(sha256)
      return answer.ok
    }
    let slowestMs = 0
    for (let round = 0; round < ROUNDS; round++) {
      token = await pandok.tokenOf('data-manager')
      for (let sent = 0; sent < 20; sent++) await send(randomBytes(500))
      await small.fill(0)
      const eater = new pg.Client({ connectionString: server.url })
      eater.on('error', () => undefined)
      await eater.connect()
      // What others write: it fills what is left of the files that are there.
      const eaten = eater
        .query(
          `create table eaten_${round} as select repeat(md5(i::text), 20) from generate_series(1, 400000) i`,
        )
        .catch(() => undefined)
      const waiting = Array.from({ length: 40 }, () => randomBytes(500))
      const unsent: Buffer<ArrayBuffer>[] = []
      for (const body of waiting) if (!(await send(body))) unsent.push(body)
      await eaten
      await eater.end().catch(() => undefined)
      await untilTrue(async () => {
        const body = randomBytes(500)
        const isFull = !(await send(body))
        if (isFull) unsent.push(body)
        return isFull
      }, 'the database is full')
      await small.free()
      const freedMs = performance.now()
      // It may have ended, as it has to when its log cannot be written; who watches it starts it again.
      server = await findOrStart()
      await untilHealthy(pandok.url)
      for (const body of unsent) await untilTrue(() => send(body), 'it is taken again')
      slowestMs = Math.max(slowestMs, performance.now() - freedMs)
      const client = new pg.Client({ connectionString: server.url })
      await client.connect()
      await client.query(`drop table if exists eaten_${round}`)
      await client.query('checkpoint')
      await client.end()
      await pause(200)
    }
    const { items } = await pandok.as('data-manager').findUploadFiles({
      params: { uploadId },
      body: { sha256s: acknowledged },
    })
    const lost = acknowledged.length - items.filter(({ isReceived }) => isReceived).length
    process.stdout.write(
      `full volume of the database: ${acknowledged.length} acknowledged, ${lost} lost, 0 half-visible; answers ` +
        `${[...answers].map(([status, count]) => `${count} of ${status}`).join(', ')}; all taken ` +
        `${(slowestMs / 1000).toFixed(1)} s after there was room\n`,
    )
    expect(lost).toBe(0)
    expect([...answers.keys()].toSorted()).toEqual([200, 503])
    // A worker that cannot say that it lives gives itself up, and is started anew.
    expect(pidOf('http')).toBe(pids[0])
    expect(pidOf('worker')).toBeGreaterThan(0)
  } finally {
    await pandok.stop()
    await server.stop().catch(() => undefined)
    await small.unmount()
  }
})
