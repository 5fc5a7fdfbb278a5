import { expect, test } from 'vitest'
import { defaultLocalCopies, readBlobLocation } from './blob-location.ts'

const S3 = 's3://pandok/some/where/?endpoint=https://s3.example.org&region=eu-1'
const credentials = { accessKeyId: 'pandok', secretAccessKey: 'hidden' }
const env = { S3_ACCESS_KEY_ID: 'pandok', S3_SECRET_ACCESS_KEY: 'hidden' }

test.each([
  ['file:///var/lib/pandok', { kind: 'file', directory: '/var/lib/pandok' }],
  [
    S3,
    {
      kind: 's3',
      bucket: 'pandok',
      prefix: 'some/where/',
      endpoint: 'https://s3.example.org',
      region: 'eu-1',
      credentials,
    },
  ],
  [
    's3://pandok?endpoint=http://127.0.0.1:9000',
    {
      kind: 's3',
      bucket: 'pandok',
      prefix: '',
      endpoint: 'http://127.0.0.1:9000',
      region: 'us-east-1',
      credentials,
    },
  ],
])('%s', (text, location) => {
  const wrong: string[] = []
  expect(readBlobLocation(text, env, wrong)).toEqual(location)
  expect(wrong).toEqual([])
})

test.each([
  ['/var/lib/pandok', env, 'BLOB_URL must be a file: or s3: address'],
  ['https://s3.example.org/pandok', env, 'BLOB_URL must be a file: or s3: address'],
  ['s3://pandok', env, 'BLOB_URL must name its endpoint'],
  ['s3://pandok?endpoint=s3.example.org', env, 'BLOB_URL must name its endpoint'],
  [S3.replace('s3://', 's3://me:secret@'), env, 'BLOB_URL holds no credentials'],
  [S3, {}, 'S3_ACCESS_KEY_ID is not set'],
  [S3, {}, 'S3_SECRET_ACCESS_KEY is not set'],
])('%s is refused: %s', (text, settings, message) => {
  const wrong: string[] = []
  readBlobLocation(text, settings, wrong)
  expect(wrong.some((line) => line.startsWith(message))).toBe(true)
  expect(wrong.join()).not.toContain('secret@')
})

test('plain copies lie beside the blobs, or apart where those are far away', () => {
  expect(defaultLocalCopies({ kind: 'file', directory: '/blobs' })).toBe('/blobs/local-copies')
  expect(defaultLocalCopies(readBlobLocation(S3, env, []))).toMatch(/pandok-local-copies$/)
})
