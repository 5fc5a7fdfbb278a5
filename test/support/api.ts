/**
 * The API on a database of its own, over HTTP, with persons whose tokens a key of this test signs.
 * Only in `*.db.test.ts` files. Jobs run when the test says so.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@pandok/contract'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createApp, type Parts } from '../../api/src/app.ts'
import { migrateVault } from '../../api/src/deidentification/index.ts'
import type { Config } from '../../api/src/platform/env.ts'
import { createEmptyDatabase, createTestDatabase } from './database.ts'

const ISSUER = 'http://127.0.0.1:9/realms/pandok'
const AUDIENCE = 'pandok-api'

export interface TestApi {
  readonly app: ReturnType<typeof createApp>
  readonly databaseUrl: string
  readonly vaultUrl: string
  /** The folder that holds all blobs. */
  readonly blobDirectory: string
  readonly as: (username: string) => Client
  readonly url: string
  readonly tokenOf: (username: string) => Promise<string>
  /** One attempt of the job, as the worker would make it. */
  readonly runJob: (name: string, payload: Readonly<Record<string, string>>) => Promise<void>
  readonly giveUpJob: (name: string, payload: Readonly<Record<string, string>>) => Promise<void>
  readonly stop: () => Promise<void>
}

/** `admin` is the administrator of the installation. */
export async function startTestApi(
  parts: Partial<Parts> = {},
  settings: Partial<Pick<Config, 'peers'>> = {},
): Promise<TestApi> {
  const [database, vault] = await Promise.all([createTestDatabase(), createEmptyDatabase()])
  const blobs = await mkdtemp(join(tmpdir(), 'pandok-api-'))
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] })
  const keys = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(jwks)
  })
  const jwksUrl = await listen(keys)
  const config: Config = {
    databaseUrl: database.url,
    databaseOwnerUrl: database.url,
    vaultUrl: vault.url,
    databasePoolSize: 4,
    oidcIssuer: ISSUER,
    oidcJwksUrl: jwksUrl,
    oidcClientId: 'pandok-viewer',
    oidcAudience: AUDIENCE,
    blobs: { kind: 'file', directory: blobs },
    localCopiesDirectory: join(blobs, 'local-copies'),
    formerInstallationKeys: [],
    installationKey: randomBytes(32),
    httpHost: '127.0.0.1',
    httpPort: 0,
    publicUrl: undefined,
    accelLocation: undefined,
    pixelProcesses: 1,
    viewerDirectory: undefined,
    maxFileBytes: 64 * 1024 ** 2,
    minFreeBytes: 0,
    scrubBytesPerSecond: 1024 ** 3,
    dicomHost: '127.0.0.1',
    dicomPort: 0,
    dicomMaxAssociations: 32,
    dicomIdleSeconds: 20,
    dicomTls: undefined,
    peers: [],
    quietSeconds: 0,
    maxOpenSeconds: 3600,
    maxStowBytes: 256 * 1024 ** 2,
    workerConcurrency: 2,
    jobLeaseSeconds: 30,
    jobHistoryDays: 180,
    logLevel: 'error',
    ...settings,
  }
  await migrateVault({
    vaultUrl: vault.url,
    ownerUrl: database.url,
    installationKey: config.installationKey,
  })
  const quiet = () => undefined
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const app = createApp(config, log, parts)
  const server = app.createServer()
  const baseUrl = await listen(server)
  const tokenOf = (username: string) =>
    new SignJWT({
      preferred_username: username,
      name: `${username} 이름`,
      realm_access: { roles: username === 'admin' ? ['pandok-admin'] : [] },
    })
      .setProtectedHeader({ alg: 'ES256' })
      .setSubject(`subject-of-${username}`)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setExpirationTime('1h')
      .sign(privateKey)
  const jobNamed = (name: string) => {
    const job = app.jobs.find((each) => each.name === name)
    if (job === undefined) throw new Error(`no job ${name}`)
    return job
  }
  return {
    app,
    databaseUrl: database.url,
    vaultUrl: vault.url,
    blobDirectory: blobs,
    url: baseUrl,
    tokenOf,
    as: (username) => createClient({ baseUrl, getToken: () => tokenOf(username) }),
    runJob: (name, payload) => jobNamed(name).handle(payload, new AbortController().signal, quiet),
    giveUpJob: (name, payload) => jobNamed(name).giveUp(payload, new Error('given up')),
    stop: async () => {
      for (const each of [server, keys]) {
        each.close()
        each.closeAllConnections()
      }
      await app.close()
      await Promise.all([database.drop(), vault.drop()])
      await rm(blobs, { recursive: true, force: true })
    },
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
