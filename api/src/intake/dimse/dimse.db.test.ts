/**
 * The DIMSE port on a real database and real files: associations that dcmtk makes, plain and over TLS, and
 * connections that keep to no rule. One server for each set of limits.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isSopClassKnown } from '@pandok/anonymizer'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom } from '../../../../test/phantom/index.ts'
import { startTestApi, type TestApi } from '../../../../test/support/api.ts'
import { acknowledged, run } from '../../../../test/support/dcmtk.ts'
import {
  APPLICATION_CONTEXT,
  associateRequest,
  CONTEXTS,
  contextItem,
  dataPdu,
  echoCommand,
  element,
  item,
  maximumLength,
  pdu,
  RELEASE_REQUEST,
  type RequestOptions,
  type Requestor,
  requestor,
  statusOf,
  storeCommand,
  uid,
} from '../../../../test/support/dimse.ts'
import { SOP_CLASSES } from '../../../../test/support/sop-classes.ts'
import { openBlobs } from '../../platform/blobs/index.ts'
import { createCollector } from '../collect/index.ts'
import { createDimseServer, createReceivers } from './index.ts'
import type { DimseOptions } from './server.ts'

const PARAMS = { projectKey: 'dimse' }
const MAX_FILE_BYTES = 1024 ** 2
const [IS_COMMAND, IS_LAST] = [1, 2]
const isThere = existsSync('/usr/bin/storescu')

let api: TestApi
let folder: string
/** Of a plain server with a short patience. */
let port: number
const servers: Server[] = []
const open: Requestor[] = []

beforeAll(async () => {
  api = await startTestApi()
  folder = await mkdtemp(join(tmpdir(), 'pandok-dimse-'))
  await api.as('admin').createProject({
    params: {},
    body: {
      key: PARAMS.projectKey,
      nameEn: 'Project',
      nameKo: '과제',
      pseudonymFormat: { prefix: 'LC', digits: 5 },
    },
  })
  const callingAeTitles = ['TESTER', 'STORESCU', 'ECHOSCU']
  const receivers = [
    ['PANDOK', ['127.0.0.0/8', '::1/128']],
    ['EVERYWHERE', []],
    ['ELSEWHERE', ['192.0.2.0/24', '2001:db8::/32']],
  ] as const
  for (const [aeTitle, addresses] of receivers) {
    const params = { ...PARAMS, aeTitle }
    const body = { callingAeTitles, addresses: [...addresses] }
    await api.as('admin').putDicomReceiver({ params, body })
  }
  port = await serve({ idleSeconds: 1, maxAssociations: 3 })
}, 120_000)
afterEach(() => {
  for (const { socket } of open.splice(0)) socket.destroy()
})
afterAll(async () => {
  for (const server of servers) server.close()
  await api.stop()
  await rm(folder, { recursive: true, force: true })
})

async function serve(options: Partial<DimseOptions>, minFreeBytes = 0): Promise<number> {
  const { db } = api.app
  const blobs = openBlobs({
    location: { kind: 'file', directory: api.blobDirectory },
    localCopiesDirectory: join(api.blobDirectory, 'local-copies'),
    formerInstallationKeys: [],
    installationKey: new Uint8Array(32),
    minFreeBytes,
    clock: () => new Date(),
  })
  const quiet = () => undefined
  const server = createDimseServer({
    collector: createCollector({
      db,
      blobs,
      maxFileBytes: MAX_FILE_BYTES,
      quietSeconds: 60,
      maxOpenSeconds: 3600,
      checkJob: 'none',
    }),
    admitsSopClass: isSopClassKnown,
    admit: createReceivers({ db }).admit,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    idleSeconds: 20,
    maxFileBytes: MAX_FILE_BYTES,
    maxAssociations: 8,
    tls: undefined,
    ...options,
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  servers.push(server)
  return (server.address() as AddressInfo).port
}

async function connected(to = port): Promise<Requestor> {
  const made = await requestor(to)
  open.push(made)
  return made
}

async function associated(to = port, options: RequestOptions = {}): Promise<Requestor> {
  const made = await connected(to)
  made.send(associateRequest(options))
  const answer = await made.next()
  expect(answer?.type).toBe(0x02)
  return made
}

const dataSet = (sopInstanceUid: string, sopClassUid: string = SOP_CLASSES.CT): Buffer => {
  const explicit = (number: number, value: Buffer) => {
    const header = Buffer.from([8, 0, number, 0, 0x55, 0x49, value.length, 0])
    return Buffer.concat([header, value])
  }
  return Buffer.concat([
    explicit(0x16, uid(sopClassUid)),
    explicit(0x18, uid(sopInstanceUid)),
    Buffer.alloc(2000, 'x'),
  ])
}
const storing = (command: Buffer, bytes: Buffer): Buffer =>
  Buffer.concat([dataPdu(3, IS_COMMAND | IS_LAST, command), dataPdu(3, IS_LAST, bytes)])

async function filesIn(area: string): Promise<string[]> {
  const entries = await readdir(join(api.blobDirectory, area), {
    recursive: true,
    withFileTypes: true,
  }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

describe('A-ASSOCIATE-RJ (PS3.8 9.3.4): result, source, reason', () => {
  const withoutContext = [item(0x10, Buffer.from('1.2.3')), ...CONTEXTS.map(contextItem)]
  test.each<[string, RequestOptions, number[]]>([
    ['a called AE title that nobody has', { called: 'NOBODY' }, [1, 1, 7]],
    ['no called AE title', { called: '' }, [1, 1, 7]],
    ['a caller that is not named', { calling: 'STRANGER' }, [1, 1, 3]],
    ['an address outside the networks', { called: 'ELSEWHERE' }, [1, 1, 3]],
    ['another version of the protocol', { version: 2 }, [1, 2, 2]],
    ['another application context', { items: withoutContext }, [1, 1, 2]],
  ])('%s', async (_what, options, expected) => {
    const { send, next } = await connected()
    send(associateRequest(options))
    const answer = await next()
    expect([answer?.type, [...(answer?.body ?? [])]]).toEqual([0x03, [0, ...expected]])
  })

  test.each(['PANDOK', 'EVERYWHERE'])('%s takes this address', async (called) => {
    await associated(port, { called })
  })

  test('above the limit: rejected-transient, local-limit-exceeded; then there is room again', async () => {
    const to = await serve({ maxAssociations: 2 })
    const [one] = [await associated(to), await associated(to)]
    const third = await connected(to)
    third.send(associateRequest())
    const answer = await third.next()
    expect([answer?.type, [...(answer?.body ?? [])]]).toEqual([0x03, [0, 2, 3, 2]])
    one.send(RELEASE_REQUEST)
    expect((await one.next())?.type).toBe(0x06)
    one.socket.destroy()
    await pause(100)
    await associated(to)
  })

  test('who asks nothing above the limit is not waited for', async () => {
    const to = await serve({ maxAssociations: 0, idleSeconds: 1 })
    const silent = await Promise.all(Array.from({ length: 20 }, () => connected(to)))
    const ended = await Promise.all(silent.map(({ next }) => next()))
    expect(ended).toEqual(Array.from({ length: 20 }, () => undefined))
  })

  test('the database does not answer: rejected-transient, temporary-congestion', async () => {
    const to = await serve({ admit: () => Promise.reject(new Error('down')) })
    const { send, next } = await connected(to)
    send(associateRequest())
    expect([...((await next())?.body ?? [])]).toEqual([0, 2, 3, 1])
  })
})

describe('what breaks a rule is aborted (PS3.8 9.3.8): reason', () => {
  const store = dataPdu(3, IS_COMMAND | IS_LAST, storeCommand('1.2.3'))
  const begun = dataPdu(3, IS_COMMAND, storeCommand('1.2.3').subarray(0, 20))
  const long = Array.from({ length: 20 }, () => dataPdu(3, IS_COMMAND, Buffer.alloc(1000)))
  const tooMuch = Array.from({ length: 40 }, () => dataPdu(3, 0, Buffer.alloc(60_000, 'x')))
  test.each<[string, Buffer[], number]>([
    ['a type of PDU that is none', [pdu(0x42, Buffer.alloc(4))], 1],
    ['a second association request', [associateRequest()], 2],
    ['a PDU of 4 GiB', [pdu(0x04, Buffer.alloc(0), 0xffffffff)], 6],
    ['a context that was not proposed', [dataPdu(5, IS_COMMAND | IS_LAST, echoCommand())], 6],
    ['a data set without its command', [dataPdu(3, IS_LAST, Buffer.alloc(8))], 5],
    ['a command within a command of another context', [begun, dataPdu(1, IS_COMMAND, begun)], 5],
    ['a data set of another context', [store, dataPdu(1, 0, Buffer.alloc(8))], 5],
    ['a command where its data set should be', [store, store], 5],
    ['a command that never ends', long, 6],
    ['a data set that never ends', [store, ...tooMuch], 6],
    ['a response', [dataPdu(3, 3, storeCommand('1.2.3', { field: 0x8001 }))], 5],
  ])('%s', async (_what, parts, reason) => {
    const { send, next } = await associated(port)
    send(...parts)
    const answer = await next()
    expect([answer?.type, [...(answer?.body ?? [])]]).toEqual([0x07, [0, 0, 2, reason]])
    expect(await next()).toBeUndefined()
  })

  test('data before an association', async () => {
    const { send, next } = await connected()
    send(dataPdu(1, 3, echoCommand()))
    expect([...((await next())?.body ?? [])]).toEqual([0, 0, 2, 2])
  })

  test('a sender that reads no answers is let go', async () => {
    const { send, socket } = await associated(await serve({}))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.pause()
    const echoes = Array.from({ length: 500 }, () => dataPdu(1, 3, echoCommand()))
    const flood = setInterval(() => {
      send(...echoes)
    }, 5)
    await closed
    clearInterval(flood)
  })

  afterAll(async () => {
    expect(await filesIn('quarantine')).toEqual([])
  })
})

describe('time (PS3.8 9.1.5, ARTIM), of one second here', () => {
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const begun = performance.now()
    await work()
    return (performance.now() - begun) / 1000
  }
  test.each<[string, () => Promise<Requestor>, Buffer[]]>([
    ['no association request', () => connected(), []],
    ['half an association request', () => connected(), [associateRequest().subarray(0, 60)]],
    ['nothing on an association', () => associated(), []],
    ['half a PDU', () => associated(), [dataPdu(3, 3, storeCommand('1.2.3')).subarray(0, 30)]],
    [
      'half a data set',
      () => associated(),
      [dataPdu(3, 3, storeCommand('1.2.3')), dataPdu(3, 0, dataSet('1.2.3'))],
    ],
  ])('%s', async (_what, begin, parts) => {
    const { send, next } = await begin()
    send(...parts)
    const seconds = await timed(async () => {
      expect(await next()).toBeUndefined()
    })
    expect(seconds).toBeGreaterThan(0.9)
    expect(seconds).toBeLessThan(4)
  })

  test('a byte now and then does not keep a PDU open', async () => {
    const { send, next } = await associated()
    const bytes = dataPdu(3, 3, storeCommand('1.2.3'))
    let at = 0
    const drip = setInterval(() => {
      send(bytes.subarray(at, at + 1))
      at += 1
    }, 200)
    const seconds = await timed(async () => {
      expect(await next()).toBeUndefined()
    })
    clearInterval(drip)
    expect(seconds).toBeLessThan(4)
  })

  test('whoever speaks again in time stays', async () => {
    const { send, next } = await associated()
    for (let turn = 0; turn < 4; turn++) {
      await pause(600)
      send(dataPdu(1, 3, echoCommand()))
      expect(statusOf((await next())?.body ?? Buffer.alloc(0))).toBe(0)
    }
  })
})

describe('statuses of C-STORE (PS3.4 B.2-1, PS3.7 C)', () => {
  const UID = '1.2.3.4'
  const { MR } = SOP_CLASSES
  const large = Buffer.concat([dataSet(UID), Buffer.alloc(120_000, 'x')])
  test.each<[string, Buffer, number]>([
    ['stored', storing(storeCommand(UID), dataSet(UID)), 0x0000],
    ['the same again', storing(storeCommand(UID), dataSet(UID)), 0x0000],
    ['a UID that is none', storing(storeCommand('1.2.x'), dataSet('1.2.x')), 0x0117],
    [
      'a class that is not the context’s',
      storing(storeCommand(UID, { sopClassUid: MR }), dataSet(UID, MR)),
      0x0122,
    ],
    ['a data set of another class', storing(storeCommand(UID), dataSet(UID, MR)), 0xa900],
    ['a data set of another instance', storing(storeCommand(UID), dataSet('1.2.9')), 0xa900],
    ['no data set', storing(storeCommand(UID), Buffer.alloc(300)), 0xc000],
    ['an empty data set', storing(storeCommand(UID), Buffer.alloc(0)), 0xc000],
    ['none announced', dataPdu(3, 3, storeCommand(UID, { dataSetType: 0x0101 })), 0xc000],
    ['C-FIND', storing(storeCommand(UID, { field: 0x0020 }), dataSet(UID)), 0x0211],
    [
      'a file that is too large',
      Buffer.concat([
        dataPdu(3, 3, storeCommand(UID)),
        ...Array.from({ length: 12 }, () => dataPdu(3, 0, large)),
        dataPdu(3, IS_LAST, Buffer.alloc(0)),
      ]),
      0xa700,
    ],
  ])('%s', async (_what, bytes, status) => {
    const { send, next } = await associated()
    send(bytes)
    const answer = await next()
    expect(statusOf(answer?.body ?? Buffer.alloc(0)).toString(16)).toBe(status.toString(16))
    // The association goes on.
    send(dataPdu(1, 3, echoCommand()))
    expect(statusOf((await next())?.body ?? Buffer.alloc(0))).toBe(0)
  })

  test('the disk is short: A700H, and nothing of it stays', async () => {
    const before = await filesIn('quarantine')
    const { send, next } = await associated(await serve({}, Number.MAX_SAFE_INTEGER))
    send(storing(storeCommand('1.2.5'), dataSet('1.2.5')))
    expect(statusOf((await next())?.body ?? Buffer.alloc(0)).toString(16)).toBe('a700')
    expect(await filesIn('quarantine')).toEqual(before)
  })

  test('C-STORE in a context of verification: 0122H; C-ECHO in one of storage too', async () => {
    const { send, next } = await associated()
    send(dataPdu(1, 3, storeCommand(UID)), dataPdu(1, IS_LAST, dataSet(UID)))
    expect(statusOf((await next())?.body ?? Buffer.alloc(0))).toBe(0x0122)
    send(dataPdu(3, 3, echoCommand()))
    expect(statusOf((await next())?.body ?? Buffer.alloc(0))).toBe(0x0122)
  })

  test('answers keep to the length that the sender takes', async () => {
    const items = [APPLICATION_CONTEXT, ...CONTEXTS.map(contextItem), maximumLength(40)]
    const { send, next } = await associated(port, { items })
    send(dataPdu(1, 3, echoCommand()))
    let isLast = false
    let parts = 0
    while (!isLast) {
      const answer = await next()
      expect(answer?.body.length).toBeLessThanOrEqual(40)
      isLast = ((answer?.body[5] ?? IS_LAST) & IS_LAST) !== 0
      parts += 1
    }
    expect(parts).toBeGreaterThan(1)
  })

  test('an element before the names is passed over', async () => {
    const { send, next } = await associated()
    const charset = Buffer.from([8, 0, 5, 0, 0x43, 0x53, 10, 0, ...Buffer.from('ISO_IR 192')])
    send(storing(storeCommand(UID), Buffer.concat([charset, dataSet(UID)])))
    expect(statusOf((await next())?.body ?? element(0, 0, Buffer.alloc(0)))).toBe(0)
  })
})

describe.skipIf(!isThere)('dcmtk', () => {
  const COUNT = 20
  /** Each its own bytes: dcmtk sends what nobody has sent before. */
  async function written(seed: number): Promise<string> {
    const place = await mkdtemp(join(folder, 'files-'))
    for (const { name, bytes } of makePhantom({ seed, size: 64, slices: COUNT }).files) {
      await writeFile(join(place, name), bytes)
    }
    return place
  }
  const to = (at: number) => ['-v', '+sd', '-aec', 'PANDOK', '127.0.0.1', String(at)]

  test.each([
    ['the smallest PDU that dcmtk takes', ['--max-pdu', '4096'], 1],
    ['the largest', ['--max-pdu', '131072'], 2],
    ['small ones sent', ['--max-send-pdu', '4096'], 3],
    ['implicit VR proposed first', ['-xi'], 4],
  ])('%s', async (_what, options, seed) => {
    const at = await serve({})
    const sent = await run('storescu', [...options, ...to(at), await written(seed)])
    expect([sent.code, acknowledged(sent.text)]).toEqual([0, COUNT])
  })

  test('the disk is short: every answer is A700H, and none is stored', async () => {
    const at = await serve({}, Number.MAX_SAFE_INTEGER)
    const sent = await run('storescu', ['--no-halt', ...to(at), await written(5)])
    const refused = sent.text.match(/Refused: OutOfResources/g)?.length ?? 0
    process.stdout.write(`C-STORE, disk short: ${refused} of ${COUNT} answered A700H, 0 stored\n`)
    expect([refused, acknowledged(sent.text)]).toEqual([COUNT, 0])
  })

  describe('over TLS (PS3.15 B)', () => {
    const at = (name: string) => join(folder, name)
    const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
    let tls: { key: string; cert: string }
    let ca: string
    beforeAll(async () => {
      const authority = (name: string) => {
        const subject = ['-subj', `/CN=${name}`, '-days', '2', '-keyout', at(`${name}.key`)]
        openssl(
          'req',
          '-x509',
          '-newkey',
          'rsa:2048',
          '-nodes',
          ...subject,
          '-out',
          at(`${name}.crt`),
        )
      }
      const signed = (name: string, by: string) => {
        const request = ['-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`]
        openssl('req', ...request, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`))
        const issuer = ['-CA', at(`${by}.crt`), '-CAkey', at(`${by}.key`), '-CAcreateserial']
        openssl(
          'x509',
          '-req',
          '-in',
          at(`${name}.csr`),
          ...issuer,
          '-days',
          '2',
          '-out',
          at(`${name}.crt`),
        )
      }
      authority('ours')
      authority('theirs')
      signed('server', 'ours')
      signed('client', 'ours')
      signed('stranger', 'theirs')
      const read = (name: string) => readFile(at(name), 'utf8')
      tls = { key: await read('server.key'), cert: await read('server.crt') }
      ca = await read('ours.crt')
    })
    const as = (name: string) => ['+tls', at(`${name}.key`), at(`${name}.crt`)]
    const trust = () => ['+cf', at('ours.crt')]

    test.each<[string, () => string[], boolean, number]>([
      ['a certificate of ours', () => [...as('client'), ...trust()], true, COUNT],
      ['a certificate of others', () => [...as('stranger'), ...trust()], true, 0],
      ['no certificate where one is demanded', () => ['+tla', ...trust()], true, 0],
      ['no certificate where none is', () => ['+tla', ...trust()], false, COUNT],
      ['no TLS where there is', () => [], false, 0],
    ])('%s', async (_what, options, isDemanded, count) => {
      const listening = await serve({ tls: { ...tls, ca: isDemanded ? ca : undefined } })
      const place = await written(6)
      const sent = await run('storescu', [...options(), ...to(listening), place])
      expect([sent.code === 0, acknowledged(sent.text)]).toEqual([count > 0, count])
    })
  })
})
