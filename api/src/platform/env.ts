/**
 * The only reader of the environment: every setting with its meaning, default and an error that
 * names the variable and an example. Embedded parts are replaced by setting these.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { type BlobLocation, defaultLocalCopies, readBlobLocation } from './blob-location.ts'

export interface Config {
  /** PostgreSQL ≥ 15. */
  readonly databaseUrl: string
  /**
   * Who owns the tables, for `migrate` alone; the application's own role may then neither change nor
   * remove what is written once. The same as databaseUrl when not set.
   */
  readonly databaseOwnerUrl: string
  /**
   * PostgreSQL ≥ 15 that holds the projects' keys and the keyed digests of subjects, nothing else:
   * another database, better another server, with a role that may do nothing elsewhere. Back it up
   * apart from the main database and apart from the key file: without it no date is shifted back and
   * no patient gets the same pseudonym again, and with all three pseudonyms can be tried out.
   */
  readonly vaultUrl: string
  /** Most connections one process opens. More than 16 gains nothing on two cores. */
  readonly databasePoolSize: number
  /** Issuer as it stands in tokens, in Keycloak's form `BASE/realms/REALM`. */
  readonly oidcIssuer: string
  /** Where the keys are read, when the issuer's own address is not reachable from here. */
  readonly oidcJwksUrl: string | undefined
  /** The viewer's public client (authorization code + PKCE). */
  readonly oidcClientId: string
  /** `aud` every access token must hold. */
  readonly oidcAudience: string
  /**
   * Where blobs are kept: a folder on a file system of its own (`BLOB_URL=file:///…`), or a bucket
   * (`BLOB_URL=s3://BUCKET/PREFIX?endpoint=…&region=…`, with S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY).
   */
  readonly blobs: BlobLocation
  /**
   * Short-lived plain copies of files that a child process must open (`LOCAL_COPIES_DIR`; made, 0700).
   * They may identify a person: a file system in memory or an encrypted one is best. With room for as
   * many files as are checked at once. Default: beside the blobs, with S3 below the system's folder for
   * temporary files.
   */
  readonly localCopiesDirectory: string
  /** 32 bytes that wrap the per-project keys and those of encrypted blobs; never stored with the data. */
  readonly installationKey: Uint8Array
  /** Former ones, that encrypted blobs are still read with (`PANDOK_FORMER_SECRET_FILES`, by commas). */
  readonly formerInstallationKeys: readonly Uint8Array[]
  readonly httpHost: string
  readonly httpPort: number
  /**
   * Where clients reach this server, without a slash at the end. DICOMweb answers with whole addresses
   * below it; without it, those of bulk data begin at the root of whatever server was asked.
   */
  readonly publicUrl: string | undefined
  /**
   * An internal location of the nginx in front, such as `/_blobs`, that serves the folder of BLOB_URL:
   * single-part instances are then sent by nginx (X-Accel-Redirect). Absent: sent from here.
   */
  readonly accelLocation: string | undefined
  /** Processes that decode and render pixels for DICOMweb. */
  readonly pixelProcesses: number
  /** Built viewer to serve at `/`; absent where a web server does it. */
  readonly viewerDirectory: string | undefined
  /** Largest single DICOM file taken, in bytes. */
  readonly maxFileBytes: number
  /** Free space the blob volume keeps, in bytes; below it uploads answer STORAGE_FULL. */
  readonly minFreeBytes: number
  /**
   * Other DICOMweb servers from which data managers may pull studies, from PEERS_FILE: a JSON list of
   * { "key", "url", "authorizationFile" }, the last a file that holds the Authorization header. None
   * without it; nobody can name another address.
   */
  readonly peers: readonly Peer[]
  /** Seconds after which an upload that another system fills is closed, when nothing more came. */
  readonly quietSeconds: number
  /** Seconds after which a sender who never stops gets a new upload. */
  readonly maxOpenSeconds: number
  /** Where the DIMSE process listens. */
  readonly dicomHost: string
  /** 104 is the standard's for servers with the right to open it, 11112 for all others. */
  readonly dicomPort: number
  /** Associations at the same time; the next one is not let in. */
  readonly dicomMaxAssociations: number
  /** Seconds without a byte, or for one PDU, after which an association is broken. */
  readonly dicomIdleSeconds: number
  /** TLS for DIMSE (PS3.15 B), from DICOM_TLS_KEY_FILE and DICOM_TLS_CERT_FILE; plain without them. */
  readonly dicomTls:
    | {
        readonly key: string
        readonly cert: string
        /** DICOM_TLS_CA_FILE: only clients with a certificate of it are let in. */
        readonly ca: string | undefined
      }
    | undefined
  /** Largest body of one STOW-RS request, in bytes; each file in it is held to maxFileBytes. */
  readonly maxStowBytes: number
  /** How fast the background check reads stored files again (`SCRUB_MIB_PER_SECOND`). */
  readonly scrubBytesPerSecond: number
  /** Jobs that one worker process does at a time; the heavy part of each is in child processes. */
  readonly workerConcurrency: number
  /**
   * A worker process that was silent for so long is taken for dead, and others go on with its jobs.
   * The same for all of an installation. Shorter than a pause of the machine (a moved virtual
   * machine, a full disk), it costs work; longer, time.
   */
  readonly jobLeaseSeconds: number
  /** Days after which a job that was done or cancelled is forgotten; what failed stays. */
  readonly jobHistoryDays: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

export interface Peer {
  readonly key: string
  /** Base address, such as https://pacs.example.org/dicom-web, without a slash at its end. */
  readonly url: string
  readonly authorization: string | undefined
}

const PeersFile = z.array(
  z.strictObject({
    key: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
    url: z.url({ protocol: /^https?$/ }),
    authorizationFile: z.string().optional(),
  }),
)

type Env = Readonly<Record<string, string | undefined>>

/** Throws an Error that lists every setting that is missing or wrong. */
export function readConfig(env: Env): Config {
  const wrong: string[] = []
  const required = (name: string, example: string): string => {
    const value = env[name]
    if (value === undefined || value === '') {
      wrong.push(`${name} is not set; for example ${name}=${example}`)
      return ''
    }
    return value
  }
  const number = (name: string, fallback: number): number => {
    const value = Number(env[name] ?? fallback)
    if (!Number.isSafeInteger(value) || value < 0) {
      wrong.push(`${name} must be a whole number; for example ${name}=${fallback}`)
    }
    return value
  }
  const blobs = readBlobLocation(required('BLOB_URL', 'file:///var/lib/pandok/blobs'), env, wrong)
  const config: Config = {
    databaseUrl: required('DATABASE_URL', 'postgresql://pandok:secret@localhost:5432/pandok'),
    databaseOwnerUrl: env['DATABASE_OWNER_URL'] ?? env['DATABASE_URL'] ?? '',
    vaultUrl: vaultUrl(
      required('VAULT_URL', 'postgresql://pandok_vault:secret@keys.example.org:5432/pandok_vault'),
      env['DATABASE_URL'] ?? '',
      wrong,
    ),
    databasePoolSize: number('DATABASE_POOL_SIZE', 10),
    oidcIssuer: required('OIDC_ISSUER', 'https://id.example.org/realms/pandok'),
    oidcJwksUrl: env['OIDC_JWKS_URL'],
    oidcClientId: env['OIDC_CLIENT_ID'] ?? 'pandok-viewer',
    oidcAudience: env['OIDC_AUDIENCE'] ?? 'pandok-api',
    blobs,
    localCopiesDirectory: env['LOCAL_COPIES_DIR'] ?? defaultLocalCopies(blobs),
    installationKey: installationKey(
      required('PANDOK_SECRET_FILE', '/etc/pandok/installation.key'),
      wrong,
    ),
    formerInstallationKeys: (env['PANDOK_FORMER_SECRET_FILES'] ?? '')
      .split(',')
      .filter((path) => path !== '')
      .map((path) => installationKey(path, wrong)),
    httpHost: env['HTTP_HOST'] ?? '127.0.0.1',
    httpPort: number('HTTP_PORT', 8042),
    publicUrl: publicUrl(env['PUBLIC_URL'], wrong),
    accelLocation: accelLocation(env['ACCEL_LOCATION'], wrong),
    pixelProcesses: number('PIXEL_PROCESSES', 2),
    viewerDirectory: env['VIEWER_DIR'],
    maxFileBytes: number('MAX_FILE_BYTES', 2 * 1024 ** 3),
    minFreeBytes: number('MIN_FREE_BYTES', 1024 ** 3),
    peers: peersOf(env['PEERS_FILE'], wrong),
    quietSeconds: number('UPLOAD_QUIET_SECONDS', 60),
    maxOpenSeconds: number('UPLOAD_MAX_OPEN_SECONDS', 3600),
    dicomHost: env['DICOM_HOST'] ?? '127.0.0.1',
    dicomPort: number('DICOM_PORT', 11_112),
    dicomMaxAssociations: number('DICOM_MAX_ASSOCIATIONS', 32),
    dicomIdleSeconds: number('DICOM_IDLE_SECONDS', 60),
    dicomTls: dicomTls(env, wrong),
    maxStowBytes: number('STOW_MAX_BYTES', 16 * 1024 ** 3),
    scrubBytesPerSecond: number('SCRUB_MIB_PER_SECOND', 16) * 1024 ** 2,
    workerConcurrency: number('WORKER_CONCURRENCY', 2),
    jobLeaseSeconds: number('JOB_LEASE_SECONDS', 30),
    jobHistoryDays: number('JOB_HISTORY_DAYS', 180),
    logLevel: logLevel(env['LOG_LEVEL'] ?? 'info', wrong),
  }
  if (wrong.length > 0) throw new Error(`Settings are wrong:\n  ${wrong.join('\n  ')}`)
  return config
}

/** Where data and keys lie in one database, both are read by whoever reads one. */
function vaultUrl(url: string, databaseUrl: string, wrong: string[]): string {
  if (url === '' || databaseUrl === '') return url
  const [vault, database] = [URL.parse(url), URL.parse(databaseUrl)]
  if (vault === null) {
    wrong.push('VAULT_URL must be an address; for example postgresql://USER:PASSWORD@HOST/DATABASE')
  } else if (vault.host === database?.host && vault.pathname === database.pathname) {
    wrong.push('VAULT_URL must name another database than DATABASE_URL')
  }
  return url
}

function publicUrl(value: string | undefined, wrong: string[]): string | undefined {
  if (value === undefined || value === '') return undefined
  const url = URL.parse(value)
  if (url !== null && /^https?:$/.test(url.protocol)) return value.replace(/\/+$/, '')
  wrong.push('PUBLIC_URL must be an address; for example PUBLIC_URL=https://pandok.example.org')
  return undefined
}

function accelLocation(value: string | undefined, wrong: string[]): string | undefined {
  if (value === undefined || value === '') return undefined
  if (/^(\/[\w-]+)+$/.test(value)) return value
  wrong.push('ACCEL_LOCATION must be a path; for example ACCEL_LOCATION=/_blobs')
  return undefined
}

function installationKey(path: string, wrong: string[]): Uint8Array {
  if (path === '') return new Uint8Array()
  try {
    const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64')
    if (key.length === 32) return key
    wrong.push('PANDOK_SECRET_FILE must hold 32 bytes in base64: openssl rand -base64 32')
  } catch {
    wrong.push('PANDOK_SECRET_FILE names a file that cannot be read')
  }
  return new Uint8Array()
}

function dicomTls(env: Env, wrong: string[]): Config['dicomTls'] {
  const read = (name: string): string | undefined => {
    const path = env[name]
    if (path === undefined || path === '') return undefined
    try {
      return readFileSync(path, 'utf8')
    } catch {
      wrong.push(`${name} names a file that cannot be read`)
      return undefined
    }
  }
  const [key, cert] = [read('DICOM_TLS_KEY_FILE'), read('DICOM_TLS_CERT_FILE')]
  if (key !== undefined && cert !== undefined) return { key, cert, ca: read('DICOM_TLS_CA_FILE') }
  // Half of it would be a plain port that somebody takes for a safe one.
  if (
    [env['DICOM_TLS_KEY_FILE'], env['DICOM_TLS_CERT_FILE'], env['DICOM_TLS_CA_FILE']].some(Boolean)
  ) {
    wrong.push('DICOM_TLS_KEY_FILE and DICOM_TLS_CERT_FILE must both be set for TLS')
  }
  return undefined
}

function peersOf(path: string | undefined, wrong: string[]): Peer[] {
  if (path === undefined || path === '') return []
  try {
    return PeersFile.parse(JSON.parse(readFileSync(path, 'utf8'))).map((peer) => ({
      key: peer.key,
      url: peer.url.replace(/\/+$/, ''),
      authorization:
        peer.authorizationFile === undefined
          ? undefined
          : readFileSync(peer.authorizationFile, 'utf8').trim(),
    }))
  } catch {
    wrong.push(
      'PEERS_FILE must name a file like [{ "key": "pacs", "url": "https://pacs.example.org/dicom-web" }]',
    )
    return []
  }
}

function logLevel(value: string, wrong: string[]): Config['logLevel'] {
  if (value === 'debug' || value === 'info' || value === 'warn' || value === 'error') return value
  wrong.push('LOG_LEVEL must be debug, info, warn or error')
  return 'info'
}
