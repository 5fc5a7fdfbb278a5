/** Forms of studies and series beside those that viewers ask for: XML, zip, rendered as a whole. */
import { toNativeModel } from '@pandok/anonymizer/dicom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import yauzl from 'yauzl'
import { makePhantom } from '../../../test/phantom/index.ts'
import { startTestApi, type TestApi } from '../../../test/support/api.ts'
import { archiveDicom } from '../../../test/support/archive.ts'

const SLICES = 3
const XML = 'application/dicom+xml'
const MULTIPART_XML = `multipart/related; type="${XML}"`

let api: TestApi
let token: string
let files: { path: string; bytes: Buffer }[]

beforeAll(async () => {
  api = await startTestApi()
  await api.as('admin').createProject({
    params: {},
    body: {
      key: 'lung',
      nameEn: 'Lung',
      nameKo: '폐',
      pseudonymFormat: { prefix: 'LC', digits: 5 },
    },
  })
  await api.as('admin').putMember({
    params: { projectKey: 'lung', username: 'reader' },
    body: { roles: ['labeler'] },
  })
  token = await api.tokenOf('reader')
  const projectId = (await api.app.projects.byKey('lung'))?.id ?? ''
  files = []
  for (const { bytes } of makePhantom({ seed: 4, size: 32, slices: SLICES }).files) {
    files.push(await archiveDicom(api.app, projectId, bytes, 'LC00001'))
  }
}, 120_000)
afterAll(() => api.stop())

const first = () => files[0] ?? expect.unreachable('no files')
const levels = () => {
  const { path } = first()
  return {
    instance: path,
    series: path.replace(/\/instances.*$/, ''),
    study: path.replace(/\/series.*$/, ''),
  }
}
type Level = keyof ReturnType<typeof levels>

async function get(path: string, accept: string) {
  const answer = await fetch(`${api.url}/dicomweb${path}`, {
    headers: { authorization: `Bearer ${token}`, accept },
  })
  const body = Buffer.from(await answer.arrayBuffer())
  const type = answer.headers.get('content-type') ?? ''
  const boundary = /boundary=([^;]+)/.exec(type)?.[1]
  const parts =
    boundary === undefined
      ? []
      : body
          .toString('latin1')
          .split(`--${boundary}`)
          .slice(1, -1)
          .map((part) => {
            const at = part.indexOf('\r\n\r\n')
            return {
              head: part.slice(2, at),
              body: Buffer.from(part.slice(at + 4, -2), 'latin1'),
            }
          })
  return { status: answer.status, type, headers: answer.headers, body, parts }
}

describe('XML (PS3.19 A.1)', () => {
  test.each<[Level, number]>([
    ['instance', 1],
    ['series', SLICES],
    ['study', SLICES],
  ])('metadata of a %s: a part for each instance, as its JSON says', async (level, count) => {
    const path = `${levels()[level]}/metadata`
    const { status, type, parts } = await get(path, MULTIPART_XML)
    expect([status, parts.length]).toEqual([200, count])
    expect(type).toContain(`type="${XML}"`)
    const json = JSON.parse((await get(path, 'application/dicom+json')).body.toString()) as never[]
    expect(parts.map(({ body }) => body.toString())).toEqual(
      json.map((each) => toNativeModel(each)),
    )
    for (const { head } of parts) expect(head).toContain(`Content-Type: ${XML}`)
  })

  test.each<[Level, number]>([
    ['instance', 200],
    ['series', 406],
    ['study', 406],
  ])('metadata of a %s as a single part: %d', async (level, status) => {
    const answer = await get(`${levels()[level]}/metadata`, XML)
    expect(answer.status).toBe(status)
    if (status === 200) expect(answer.body.toString()).toContain('<NativeDicomModel')
  })

  test.each(['/studies', '/series', '/instances'])('%s: a part for each match', async (path) => {
    const { status, parts } = await get(path, MULTIPART_XML)
    const json = JSON.parse((await get(path, 'application/dicom+json')).body.toString()) as never[]
    expect(status).toBe(200)
    expect(parts.map(({ body }) => body.toString())).toEqual(
      json.map((each) => toNativeModel(each)),
    )
  })
})

test('XML of a search without a match: 204', async () => {
  const answer = await get('/studies?PatientID=nobody', MULTIPART_XML)
  expect([answer.status, answer.body.length]).toEqual([204, 0])
})

async function unzipped(bytes: Buffer): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>()
  await new Promise<void>((resolve, reject) => {
    yauzl.fromBuffer(bytes, { lazyEntries: true }, (error, zip) => {
      if (error !== null) {
        reject(error)
        return
      }
      zip.on('entry', (entry: yauzl.Entry) => {
        zip.openReadStream(entry, (fault, stream) => {
          if (fault !== null) {
            reject(fault)
            return
          }
          const chunks: Buffer[] = []
          stream.on('data', (chunk: Buffer) => chunks.push(chunk))
          stream.on('end', () => {
            found.set(entry.fileName, Buffer.concat(chunks))
            zip.readEntry()
          })
        })
      })
      zip.on('end', resolve)
      zip.readEntry()
    })
  })
  return found
}

describe('application/zip (PS3.18 8.7.3)', () => {
  test.each<[Level, number]>([
    ['instance', 1],
    ['series', SLICES],
    ['study', SLICES],
  ])('of a %s: each file as archived', async (level, count) => {
    const { status, type, headers, body } = await get(levels()[level], 'application/zip')
    expect([status, type]).toEqual([200, 'application/zip'])
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="[\d.]+\.zip"$/)
    const entries = await unzipped(body)
    const expected = files.slice(0, count).map(({ path, bytes }) => {
      const [, series, instance] = /series\/(.*)\/instances\/(.*)$/.exec(path) ?? []
      return [`${series}/${instance}.dcm`, bytes] as const
    })
    expect([...entries.keys()].sort()).toEqual(expected.map(([name]) => name).sort())
    for (const [name, bytes] of expected) expect(entries.get(name)?.equals(bytes)).toBe(true)
  })

  test('in a transfer syntax that cannot be made: 406', async () => {
    const accept = 'application/zip; transfer-syntax=1.2.840.10008.1.2.4.50'
    expect((await get(levels().series, accept)).status).toBe(406)
  })

  test('a client that goes away leaves nothing open', async () => {
    const stopping = new AbortController()
    const answer = await fetch(`${api.url}/dicomweb${levels().study}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/zip' },
      signal: stopping.signal,
    })
    expect(answer.status).toBe(200)
    stopping.abort()
    expect((await get(levels().study, 'application/zip')).status).toBe(200)
  })
})

describe('rendered as a whole (PS3.18 10.4.1.1.3)', () => {
  test.each<[Level]>([['series'], ['study']])('a %s: a part for each frame', async (level) => {
    const path = levels()[level]
    const { status, parts } = await get(`${path}/rendered`, 'multipart/related; type="image/png"')
    expect([status, parts.length]).toEqual([200, SLICES])
    for (const { head, body } of parts) {
      expect(head).toContain('Content-Type: image/png')
      const [, address = ''] = /Content-Location: .*?\/dicomweb(\S+)/.exec(head) ?? []
      expect(body.equals((await get(address, 'image/png')).body)).toBe(true)
    }
  })

  test.each<[string, string, string, number]>([
    ['a single part', '/rendered', 'image/jpeg', 406],
    ['a type that is not made', '/rendered', 'multipart/related; type="image/gif"', 406],
    ['anything', '/rendered', '*/*', 200],
    ['with a window', '/rendered?window=40,400,linear', '*/*', 200],
    ['with a parameter that is none', '/rendered?colour=1', '*/*', 400],
  ])('%s', async (_what, path, accept, status) => {
    expect((await get(levels().series + path, accept)).status).toBe(status)
  })

  test('a series that is not there', async () => {
    expect((await get('/studies/1.2/series/1.3/rendered', '*/*')).status).toBe(404)
  })
})
