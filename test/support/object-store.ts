/**
 * An S3-compatible store that nobody here wrote, on loopback: OpenStack Swift (Debian's python3-swift), in one
 * process that ends with the test. It verifies signatures, and knows multipart uploads and ranges. Its folder
 * must be on a file system with extended attributes, as ext4 has and an older tmpfs has not.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

export const HAS_OBJECT_STORE = existsSync('/usr/lib/python3/dist-packages/swift/proxy/server.py')

const CREDENTIALS = { accessKeyId: 'test:tester', secretAccessKey: 'testing' }
const REGION = 'us-east-1'

export interface TestObjectStore {
  readonly endpoint: string
  readonly region: string
  readonly credentials: typeof CREDENTIALS
  /** Empty, and there. */
  readonly makeBucket: (name: string) => Promise<void>
  readonly stop: () => Promise<void>
}

export async function startObjectStore(): Promise<TestObjectStore> {
  const folder = await mkdtemp(join(tmpdir(), 'pandok-swift-'))
  const script = join(import.meta.dirname, 'object-store.py')
  const server = spawn('/usr/bin/python3', [script, folder], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/bin:/bin' },
  })
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  let said = ''
  server.stderr.on('data', (text: Buffer) => {
    said = `${said}${text.toString()}`.slice(-2_000)
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.stdout.once('data', (text: Buffer) => resolve(Number(text.toString().trim())))
    void ended.then(() => reject(new Error(`the object store did not start: ${said}`)))
  })
  const endpoint = `http://127.0.0.1:${port}`
  const s3 = new S3Client({
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    forcePathStyle: true,
  })
  return {
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    makeBucket: async (name) => {
      await s3.send(new CreateBucketCommand({ Bucket: name }))
    },
    stop: async () => {
      s3.destroy()
      server.stdin.end()
      const slow = setTimeout(() => server.kill('SIGKILL'), 2_000)
      await ended
      clearTimeout(slow)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
