/** What a sender without an end leaves, on a real database; and who may send, while roles change. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { makePhantom } from '../../../../test/phantom/index.ts'
import { startTestApi, type TestApi } from '../../../../test/support/api.ts'
import { partOf, stow } from '../../../../test/support/stow.ts'
import { openBlobs } from '../../platform/blobs/index.ts'
import { createCollector } from './index.ts'

const PARAMS = { projectKey: 'collect' }
const MAX_OPEN_SECONDS = 3600

let api: TestApi
let projectId: string
let personId: string

beforeAll(async () => {
  api = await startTestApi()
  await api.as('admin').createProject({
    params: {},
    body: {
      key: PARAMS.projectKey,
      nameEn: 'Project',
      nameKo: '과제',
      pseudonymFormat: { prefix: 'LC', digits: 5 },
    },
  })
  const Id = z.object({ id: z.string() })
  const { db } = api.app
  projectId = (await db.one(Id, 'select id from project where key = $1', [PARAMS.projectKey])).id
  personId = (await db.one(Id, 'select id from person where username = $1', ['admin'])).id
}, 120_000)
afterAll(() => api.stop())

const blobs = () =>
  openBlobs({
    location: { kind: 'file', directory: api.blobDirectory },
    localCopiesDirectory: `${api.blobDirectory}/local-copies`,
    formerInstallationKeys: [],
    installationKey: randomBytes(32),
    minFreeBytes: 0,
    clock: () => new Date(),
  })
const collector = () =>
  createCollector({
    db: api.app.db,
    blobs: blobs(),
    maxFileBytes: 1024 ** 2,
    quietSeconds: 60,
    maxOpenSeconds: MAX_OPEN_SECONDS,
    checkJob: 'intake.check-upload',
  })
const senderOf = (sender: string) => ({ projectId, personId, source: 'stow' as const, sender })
const bytesOf = (content: string) => Readable.from([Buffer.from(content)])
const uploadsOf = (sender: string) =>
  api.app.db.many(
    z.object({ status: z.string(), files: z.number(), told: z.number() }),
    `select upload.status,
            (select count(*)::int from upload_file where upload_id = upload.id) as files,
            (select coalesce(sum((details->>'files')::int), 0)::int from audit_event
              where object_kind = 'upload' and object_id = upload.id::text
                and action = 'receive:stow') as told
       from upload where sender = $1 order by upload.created_at`,
    [sender],
  )

test('files of one sender are one upload, each once, whichever process takes them', async () => {
  const sender = senderOf('once')
  const processes = [collector(), collector()]
  const sent = ['a', 'b', 'c', 'd', 'a', 'b'].map(async (content, at) => {
    const each = processes[at % 2] ?? collector()
    return await each.enter(sender, await each.put(bytesOf(content)))
  })
  expect(await Promise.all(sent)).toEqual(Array(6).fill(true))
  expect(await uploadsOf('once')).toEqual([{ status: 'receiving', files: 4, told: 4 }])
})

test('what went between the bytes and their row is asked for again', async () => {
  const sender = senderOf('gone')
  const each = collector()
  const kept = await each.put(bytesOf('kept'))
  const gone = await each.put(bytesOf('gone'))
  await blobs().remove('quarantine', gone.sha256)
  const entered = await Promise.all([each.enter(sender, kept), each.enter(sender, gone)])
  expect(entered).toEqual([true, false])
  expect(await uploadsOf('gone')).toMatchObject([{ status: 'receiving', files: 1 }])
  expect(await each.enter(sender, await each.put(bytesOf('gone')))).toBe(true)
  expect(await uploadsOf('gone')).toMatchObject([{ status: 'receiving', files: 2 }])
})

test.each([
  ['closed', `update upload set status = 'checking' where sender = $1`, 'checking'],
  [
    'open for too long',
    `update upload set created_at = now() - interval '2 hours' where sender = $1`,
    'checking',
  ],
])('an upload that is %s takes no more: the next file opens another', async (name, sql, status) => {
  const sender = senderOf(name)
  const each = collector()
  await each.enter(sender, await each.put(bytesOf(`${name} 1`)))
  await api.app.db.run(sql, [name])
  await each.enter(sender, await each.put(bytesOf(`${name} 2`)))
  expect(await uploadsOf(name)).toMatchObject([
    { status, files: 1 },
    { status: 'receiving', files: 1 },
  ])
})

test('a role that is taken away ends the sending at once, in the middle of a study', async () => {
  const url = `${api.url}/dicomweb/projects/${PARAMS.projectKey}/studies`
  const files = makePhantom({ seed: 1, size: 16, slices: 4 }).files.map(({ bytes }) => bytes)
  const member = { ...PARAMS, username: 'sender' }
  const give = (roles: ('data-manager' | 'researcher')[]) =>
    api.as('admin').putMember({ params: member, body: { roles } })
  await give(['data-manager'])
  const statuses: number[] = []
  for (const [at, bytes] of files.entries()) {
    if (at === 2) await give(['researcher'])
    statuses.push((await stow(url, await api.tokenOf('sender'), [partOf(bytes)])).status)
  }
  expect(statuses).toEqual([200, 200, 403, 403])
})
