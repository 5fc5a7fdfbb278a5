/** The setting that says where blobs are: read and checked, for env.ts alone. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type BlobLocation =
  | { readonly kind: 'file'; readonly directory: string }
  | {
      readonly kind: 's3'
      readonly bucket: string
      /** Empty, or ending in a slash. */
      readonly prefix: string
      readonly endpoint: string
      readonly region: string
      readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
    }

const FILE_EXAMPLE = 'BLOB_URL=file:///var/lib/pandok/blobs'
const S3_EXAMPLE = 'BLOB_URL=s3://pandok/blobs?endpoint=https://s3.example.org&region=us-east-1'
const NOWHERE: BlobLocation = { kind: 'file', directory: '' }

export function readBlobLocation(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  wrong: string[],
): BlobLocation {
  if (text === '') return NOWHERE
  if (text.startsWith('file:///')) return { kind: 'file', directory: fileURLToPath(text) }
  const url = URL.parse(text)
  if (url?.protocol !== 's3:' || url.hostname === '') {
    wrong.push(
      `BLOB_URL must be a file: or s3: address; for example ${FILE_EXAMPLE} or ${S3_EXAMPLE}`,
    )
    return NOWHERE
  }
  const endpoint = url.searchParams.get('endpoint') ?? ''
  if (!/^https?:\/\/[^/]/.test(endpoint)) {
    wrong.push(`BLOB_URL must name its endpoint; for example ${S3_EXAMPLE}`)
  }
  if (url.username !== '' || url.password !== '') {
    wrong.push('BLOB_URL holds no credentials: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY')
  }
  const secret = (name: string, example: string): string => {
    const value = env[name] ?? ''
    if (value === '') wrong.push(`${name} is not set; for example ${name}=${example}`)
    return value
  }
  const path = url.pathname.replace(/^\/+|\/+$/g, '')
  return {
    kind: 's3',
    bucket: url.hostname,
    prefix: path === '' ? '' : `${path}/`,
    endpoint,
    region: url.searchParams.get('region') ?? 'us-east-1',
    credentials: {
      accessKeyId: secret('S3_ACCESS_KEY_ID', 'pandok'),
      secretAccessKey: secret('S3_SECRET_ACCESS_KEY', '(40 characters)'),
    },
  }
}

export function defaultLocalCopies(blobs: BlobLocation): string {
  return blobs.kind === 'file'
    ? join(blobs.directory, 'local-copies')
    : join(tmpdir(), 'pandok-local-copies')
}
