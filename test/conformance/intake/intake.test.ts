/**
 * Programs that nobody here wrote send identified images to a whole installation: dcmtk and Orthanc by
 * DIMSE, Orthanc and dicomweb-client by STOW-RS. What is archived afterwards holds none of the
 * identifiers, and nothing that was acknowledged is missing.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Upload } from '@pandok/contract'
import * as dicomweb from 'dicomweb-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom } from '../../phantom/index.ts'
import { acknowledged, run, start } from '../../support/dcmtk.ts'
import { freePorts } from '../../support/free-port.ts'
import { startTestInstallation, type TestInstallation } from '../../support/installation.ts'
import { isOrthancThere, type Orthanc, startOrthanc } from '../../support/orthanc.ts'
import { approveUpload, PROJECT, until } from '../../support/workflow.ts'

let pandok: TestInstallation
let folder: string
/** Of the server that the operator configured as a peer. */
let peerUrl: string
const isThere = existsSync('/usr/bin/storescu')
/** Of 120 instances. */
const CUT_AFTER = 5

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pandok-intake-'))
  peerUrl = `http://127.0.0.1:${await freePorts(1)}`
  const peers = join(folder, 'peers.json')
  await writeFile(peers, JSON.stringify([{ key: 'orthanc', url: `${peerUrl}/dicom-web/` }]))
  pandok = await startTestInstallation({
    isReceiving: true,
    env: { PEERS_FILE: peers, UPLOAD_QUIET_SECONDS: '2', DICOM_MAX_ASSOCIATIONS: '8' },
  })
  await pandok.as('manager').putDicomReceiver({
    params: { ...PROJECT, aeTitle: 'PANDOK' },
    body: {
      callingAeTitles: ['STORESCU', 'ECHOSCU', 'CUT', 'ORTHANC'],
      addresses: ['127.0.0.0/8'],
    },
  })
}, 180_000)

afterAll(async () => {
  await pandok.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

const manager = () => pandok.as('data-manager')
const to = (called = 'PANDOK') => ['-aec', called, '127.0.0.1', String(pandok.dicomPort)]

/** Files of one patient in a folder of their own. */
async function written(name: string, options: Parameters<typeof makePhantom>[0]) {
  const place = join(folder, name)
  await mkdir(place)
  const { files } = makePhantom(options)
  for (const file of files) await writeFile(join(place, file.name), file.bytes)
  return place
}

/** The newest upload of the sender, once it waits for a person. */
async function inspected(sender: string): Promise<Upload> {
  const upload = await until(
    async () =>
      (await manager().listUploads({ params: PROJECT })).items.find(
        (each) => each.sender === sender,
      ),
    (each) => each !== undefined && !['receiving', 'checking'].includes(each.status),
  )
  if (upload === undefined) throw new Error('no upload')
  return upload
}

describe.skipIf(!isThere)('DIMSE by dcmtk', () => {
  test.each([
    ['a called AE title that is known, a caller that may', 'PANDOK', 'ECHOSCU', 0, ''],
    ['another called AE title', 'OTHER', 'ECHOSCU', 1, 'Called AE Title Not Recognized'],
    ['another caller', 'PANDOK', 'STRANGER', 1, 'Calling AE Title Not Recognized'],
  ])('C-ECHO: %s', async (_what, called, calling, code, reason) => {
    const ended = await run('echoscu', ['-aet', calling, ...to(called)])
    expect(ended.code).toBe(code)
    expect(ended.text).toContain(reason)
  })

  test('C-STORE of 300 instances: all acknowledged, all in one upload', async () => {
    const place = await written('many', {
      seed: 1,
      size: 64,
      slices: 300,
      patientId: 'CANARY-7731',
    })
    const begun = performance.now()
    const sent = await run('storescu', ['-v', '+sd', ...to(), place])
    const seconds = (performance.now() - begun) / 1000
    expect([sent.code, acknowledged(sent.text)]).toEqual([0, 300])
    const upload = await inspected('STORESCU')
    process.stdout.write(
      `C-STORE: 300 acknowledged, ${300 - upload.files.received} lost, ` +
        `${(300 / seconds).toFixed(0)} files/s; cleaned ${upload.files.clean}\n`,
    )
    expect(upload).toMatchObject({
      status: 'awaiting-qc',
      source: 'dimse',
      isIdentified: true,
      files: { received: 300, clean: 300, refused: 0 },
    })
    expect(await approveUpload(pandok, upload.id)).toMatchObject({
      status: 'archived',
      files: { archived: 300 },
    })
  })

  test('storescu killed in the middle: what was acknowledged is there, nothing half', async () => {
    const place = await written('cut', { seed: 2, size: 256, slices: 120 })
    const sender = start('storescu', ['-v', '-aet', 'CUT', '+sd', ...to(), place])
    await until(
      () => Promise.resolve(acknowledged(sender.said())),
      (count) => count >= CUT_AFTER,
    )
    sender.process.kill('SIGKILL')
    const { text } = await sender.ended
    const count = acknowledged(text)
    const upload = await inspected('CUT')
    process.stdout.write(
      `C-STORE cut off: ${count} acknowledged, ${upload.files.received} received, ` +
        `${Math.max(0, count - upload.files.received)} lost\n`,
    )
    expect(count).toBeGreaterThanOrEqual(CUT_AFTER)
    expect(count).toBeLessThan(120)
    expect(upload.files.received).toBeGreaterThanOrEqual(count)
    expect(upload.files).toMatchObject({ clean: upload.files.received, refused: 0 })
    const unfinished = readdirSync(join(pandok.data, 'blobs', 'quarantine'), {
      recursive: true,
      withFileTypes: true,
    }).filter((entry) => entry.isFile())
    expect(unfinished).toEqual([])
  })
})

describe.skipIf(!isOrthancThere)('Orthanc as a sender', () => {
  let orthanc: Orthanc
  let ids: string[]
  const COUNT = 24

  beforeAll(async () => {
    orthanc = await startOrthanc(join(folder, 'orthanc'), {
      HttpPort: Number(new URL(peerUrl).port),
      DicomModalities: { pandok: ['PANDOK', '127.0.0.1', pandok.dicomPort] },
      DicomWeb: {
        Enable: true,
        Servers: {
          pandok: {
            Url: `${pandok.url}/dicomweb/projects/${PROJECT.projectKey}`,
            HttpHeaders: { Authorization: `Bearer ${await pandok.tokenOf('data-manager')}` },
          },
        },
      },
    })
    const { files } = makePhantom({ seed: 5, size: 64, slices: COUNT, patientId: 'CANARY-7735' })
    ids = await orthanc.take(files.map(({ bytes }) => bytes))
  }, 60_000)
  afterAll(() => orthanc.stop())

  test('by C-STORE', async () => {
    await orthanc.call('POST', '/modalities/pandok/echo', '{}')
    await orthanc.call('POST', '/modalities/pandok/store', JSON.stringify(ids))
    const upload = await inspected('ORTHANC')
    process.stdout.write(`Orthanc by C-STORE: ${COUNT} sent, ${upload.files.received} received\n`)
    expect(upload).toMatchObject({ source: 'dimse', files: { received: COUNT, clean: COUNT } })
    await manager().decideQc({ params: { uploadId: upload.id }, body: { decision: 'reject' } })
  })

  test('by STOW-RS', async () => {
    await orthanc.call('POST', '/dicom-web/servers/pandok/stow', JSON.stringify({ Resources: ids }))
    const upload = await inspected('data-manager')
    process.stdout.write(`Orthanc by STOW-RS: ${COUNT} sent, ${upload.files.received} received\n`)
    expect(upload).toMatchObject({ source: 'stow', files: { received: COUNT, clean: COUNT } })
    expect(await approveUpload(pandok, upload.id)).toMatchObject({ files: { archived: COUNT } })
  })

  test('as a peer that a study is pulled from', async () => {
    const peer = { ...PROJECT, peerKey: 'orthanc' }
    const { items: known } = await manager().listPeers({ params: PROJECT })
    expect(known).toEqual([{ key: 'orthanc' }])
    const { items } = await manager().searchPeer({
      params: peer,
      body: { patientId: 'CANARY-7735', limit: 10, offset: 0 },
    })
    expect(items).toMatchObject([{ patientId: 'CANARY-7735' }])
    const none = await manager().searchPeer({
      params: peer,
      body: { patientId: 'NOBODY', limit: 10, offset: 0 },
    })
    expect(none.items).toEqual([])
    const { studyInstanceUid } = items[0] ?? { studyInstanceUid: '' }
    const body = { studyInstanceUid }
    await expect(
      manager().importStudy({ params: { ...PROJECT, peerKey: 'other' }, body }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const { uploadId } = await manager().importStudy({ params: peer, body })
    const upload = await until(
      () => manager().getUpload({ params: { uploadId } }),
      (each) => !['receiving', 'checking'].includes(each.status),
    )
    process.stdout.write(`Orthanc as a peer: ${COUNT} held, ${upload.files.received} pulled\n`)
    expect(upload).toMatchObject({
      status: 'awaiting-qc',
      source: 'peer',
      sender: 'orthanc',
      files: { received: COUNT, clean: COUNT },
    })
    expect(await approveUpload(pandok, uploadId)).toMatchObject({ files: { archived: COUNT } })
    // A study that the peer does not have ends as a failure, with nothing of it.
    const missing = await manager().importStudy({
      params: peer,
      body: { studyInstanceUid: '2.25.404' },
    })
    const failed = await until(
      () => manager().getUpload({ params: missing }),
      (each) => each.status !== 'receiving',
    )
    expect(failed).toMatchObject({ status: 'failed', files: { received: 0 } })
  })
})

test('dicomweb-client stores instances', async () => {
  const { default: XMLHttpRequest } = await import('xhr2')
  Object.assign(globalThis, { XMLHttpRequest })
  const { files } = makePhantom({ seed: 6, size: 64, slices: 5, patientId: 'CANARY-7736' })
  const client = new dicomweb.api.DICOMwebClient({
    url: `${pandok.url}/dicomweb/projects/${PROJECT.projectKey}`,
    singlepart: false,
    headers: { Authorization: `Bearer ${await pandok.tokenOf('data-manager')}` },
  })
  await client.storeInstances({ datasets: files.map(({ bytes }) => bytes.slice().buffer) })
  const upload = await inspected('data-manager')
  expect(upload).toMatchObject({ source: 'stow', files: { received: 5, clean: 5 } })
  expect(await approveUpload(pandok, upload.id)).toMatchObject({ files: { archived: 5 } })
})

test('nothing that names the patient is kept, in any file', () => {
  const secrets = ['CANARY-773']
  const found = readdirSync(pandok.data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const bytes = readFileSync(path)
      return secrets.some((each) => bytes.includes(each))
    })
  expect(found).toEqual([])
})
