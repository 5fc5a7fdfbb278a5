/**
 * What comes out by DICOMweb of every real file that goes in: its bytes, its frames, its metadata against
 * pydicom's; and what clients that nobody here wrote make of it: dicomweb-client, Orthanc.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { getNumber, readDicom } from '@pandok/anonymizer/dicom'
import { frameBytes } from '@pandok/anonymizer/pixels'
import { api as dicomweb } from 'dicomweb-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import XMLHttpRequest from 'xhr2'
import { type Archive, startArchive } from '../../support/archive-installation.ts'
import { isOrthancThere, startOrthanc } from '../../support/orthanc.ts'

const DATA = join(import.meta.dirname, '../../../../shared/data')
const PYTHON = '/usr/bin/python3'
const isCi = process.env['CI'] === 'true'
/** Larger ones are proven by the tests of the frame index. */
const MAX_BYTES = 2 * 2 ** 20

type Json = Record<string, { vr: string; Value?: unknown[]; InlineBinary?: string }>

interface Archived {
  readonly path: string
  readonly bytes: Buffer
}

/** Its own types ask for what it does not need. */
type Client = Readonly<
  Record<
    'searchForStudies' | 'searchForInstances' | 'retrieveStudyMetadata' | 'retrieveStudy',
    (options: object) => Promise<unknown>
  >
>

const profile = loadProfile(
  'name: all-kinds\nversion: 1\noptions: [retain-modified-dates, clean-descriptors, ' +
    'clean-structured-content, clean-graphics, retain-patient-characteristics, ' +
    'retain-safe-private]\npixels: { unseen: keep }\nfaces: keep\n',
)

describe.skipIf(!existsSync(DATA) && !isCi)('every real file', () => {
  let archive: Archive
  let folder: string
  const archived: Archived[] = []
  let refused = 0

  beforeAll(async () => {
    archive = await startArchive()
    folder = await mkdtemp(join(tmpdir(), 'pandok-dicomweb-'))
    const vault = openVault(new Uint8Array(32).fill(9), { prefix: 'LC', digits: 5 })
    for (const entry of readdirSync(DATA, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const original = readFileSync(join(entry.parentPath, entry.name))
      if (original.length > MAX_BYTES) continue
      try {
        const bytes = Buffer.from(joinChunks(deidentify(original, { profile, vault }).chunks))
        archived.push({ ...(await archive.add(bytes)), bytes })
      } catch {
        // Not admitted, or the same instance again: the verdicts of real-data say which.
        refused += 1
      }
    }
  })
  afterAll(async () => {
    await archive.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const get = async (path: string, accept: string) => {
    const answer = await fetch(`${archive.url}/dicomweb${path}`, {
      // Reading with pydicom takes longer than a connection is kept.
      headers: { authorization: `Bearer ${archive.token}`, accept, connection: 'close' },
    })
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
  }

  test('comes out as it went in, byte for byte', async () => {
    const different: string[] = []
    for (const { path, bytes } of archived) {
      const { body } = await get(path, 'application/dicom; transfer-syntax=*')
      if (!body.equals(bytes)) different.push(path)
    }
    process.stdout.write(
      `dicomweb: ${archived.length} instances in, ${archived.length - different.length} out ` +
        `byte for byte, ${refused} files not admitted or there already\n`,
    )
    expect(archived.length).toBeGreaterThan(250)
    expect(different).toEqual([])
  })

  test('has the frames of its file', async () => {
    let frames = 0
    const different: string[] = []
    for (const { path, bytes } of archived) {
      const { dataSet, transferSyntaxUid } = readDicom(bytes)
      if (!dataSet.has('7FE00010')) continue
      const count = getNumber(dataSet, '00280008') ?? 1
      for (const frame of new Set([1, Math.ceil(count / 2), count])) {
        const { status, body } = await get(
          `${path}/frames/${frame}`,
          `application/octet-stream; transfer-syntax=*`,
        )
        const wanted = Buffer.from(frameBytes(dataSet, transferSyntaxUid, frame))
        frames += 1
        // A byte of padding may stand behind a fragment; what is left of a last byte is 0 here.
        const isPacked = getNumber(dataSet, '00280100') === 1
        if (isPacked) for (const each of [body, wanted]) each[each.length - 1] = 0
        const isSame = body.equals(wanted) || body.equals(wanted.subarray(0, -1))
        if (status !== 200 || !isSame)
          different.push(`${path} ${frame} ${status} ${body.length} ${wanted.length}`)
      }
    }
    process.stdout.write(`dicomweb: ${frames} frames compared, ${different.length} different\n`)
    expect(frames).toBeGreaterThan(200)
    expect(different).toEqual([])
  })

  test.skipIf(!existsSync(PYTHON))('has the metadata that pydicom reads', async () => {
    const names = await Promise.all(
      archived.map(async ({ bytes }, at) => {
        const name = join(folder, `${at}.dcm`)
        await writeFile(name, bytes)
        return name
      }),
    )
    const script = join(import.meta.dirname, 'to-json.py')
    const lines = execFileSync(PYTHON, [script], {
      input: names.join('\n'),
      maxBuffer: 2 ** 30,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
      .toString()
      .trim()
      .split('\n')
    let attributes = 0
    let skipped = 0
    const different: string[] = []
    for (const [at, { path }] of archived.entries()) {
      const theirs = JSON.parse(lines[at] ?? '{}') as Json
      if ('error' in theirs) {
        skipped += 1
        continue
      }
      const { body } = await get(`${path}/metadata`, 'application/dicom+json')
      const [ours] = JSON.parse(body.toString()) as [Json]
      for (const tag of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
        attributes += 1
        if (!isSameAttribute(tag, ours[tag], theirs[tag])) different.push(`${path} ${tag}`)
      }
    }
    process.stdout.write(
      `dicomweb: ${attributes} attributes compared with pydicom, ${different.length} different, ` +
        `${skipped} files that pydicom cannot express\n`,
    )
    expect(attributes).toBeGreaterThan(10_000)
    expect(different).toEqual([])
  })

  test('dicomweb-client searches and retrieves a study', async () => {
    const globals = globalThis as unknown as { XMLHttpRequest: unknown }
    globals.XMLHttpRequest = XMLHttpRequest
    const client = new dicomweb.DICOMwebClient({
      url: `${archive.url}/dicomweb`,
      headers: { Authorization: `Bearer ${archive.token}` },
      singlepart: false,
    }) as unknown as Client
    const studies = (await client.searchForStudies({ queryParams: { limit: 5 } })) as Json[]
    expect(studies).toHaveLength(5)
    // Without a transfer syntax it gets native ones: of a native study the archived bytes.
    const uid = archived.map(({ path }) => /studies\/([^/]+)/.exec(path)?.[1] ?? '')
    const encapsulated = new Set(uid.filter((_, at) => !isNative(archived[at])))
    const studyInstanceUID = uid.find((each) => !encapsulated.has(each)) ?? ''
    const own = archived.filter(({ path }) => path.includes(`/studies/${studyInstanceUID}/`))
    const instances = (await client.searchForInstances({ studyInstanceUID })) as Json[]
    expect(instances).toHaveLength(own.length)
    const metadata = (await client.retrieveStudyMetadata({ studyInstanceUID })) as Json[]
    expect(metadata).toHaveLength(own.length)
    const files = (await client.retrieveStudy({ studyInstanceUID })) as ArrayBuffer[]
    const sizes = (all: readonly { byteLength: number }[]) =>
      all.map((each) => each.byteLength).sort()
    expect(sizes(files)).toEqual(sizes(own.map(({ bytes }) => bytes)))
    process.stdout.write(
      `dicomweb: dicomweb-client retrieved ${files.length} instances of a study\n`,
    )
  })

  test.skipIf(!isOrthancThere && !isCi)(
    'Orthanc retrieves a study as a DICOMweb client',
    async () => {
      const orthanc = await startOrthanc(join(folder, 'orthanc'), {
        DicomWeb: {
          Servers: {
            pandok: {
              Url: `${archive.url}/dicomweb/`,
              HttpHeaders: { Authorization: `Bearer ${archive.token}` },
            },
          },
        },
      })
      try {
        const first = archived[0] ?? expect.unreachable('nothing is archived')
        const [, study = ''] = /studies\/([^/]+)/.exec(first.path) ?? []
        const own = archived.filter(({ path }) => path.includes(`/studies/${study}/`))
        const wanted = JSON.stringify({ Resources: [{ Study: study }], Synchronous: true })
        await orthanc.call('POST', '/dicom-web/servers/pandok/retrieve', wanted)
        const ids = JSON.parse((await orthanc.call('GET', '/instances')).toString()) as string[]
        expect(ids).toHaveLength(own.length)
        process.stdout.write(
          `dicomweb: Orthanc retrieved ${ids.length} of ${own.length} instances\n`,
        )
      } finally {
        await orthanc.stop()
      }
    },
  )
})

function isNative(file: Archived | undefined): boolean {
  return file !== undefined && readDicom(file.bytes).transferSyntaxUid === '1.2.840.10008.1.2.1'
}

/** Bulk data are known by being there; numbers and their texts are the same; pydicom leaves out what is empty. */
function isSameAttribute(
  tag: string,
  ours: Json[string] | undefined,
  theirs: Json[string] | undefined,
): boolean {
  // The JSON is UTF-8, whatever the file says.
  if (tag === '00080005') return true
  if (ours === undefined || theirs === undefined) return false
  if (ours.vr !== theirs.vr) return false
  const isBulk = 'BulkDataURI' in ours
  if (isBulk || 'BulkDataURI' in theirs)
    return isBulk === 'BulkDataURI' in theirs || tag === '7FE00010'
  if (ours.InlineBinary !== undefined) return ours.InlineBinary === theirs.InlineBinary
  const [one, other] = [ours.Value ?? [], theirs.Value ?? []]
  if (ours.vr === 'SQ') {
    return (
      one.length === other.length &&
      one.every((item, at) => {
        const [a, b] = [item as Json, other[at] as Json]
        return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((inner) =>
          isSameAttribute(inner, a[inner], b[inner]),
        )
      })
    )
  }
  return one.length === other.length && one.every((each, at) => isSameValue(each, other[at]))
}

function isSameValue(one: unknown, other: unknown): boolean {
  const empty = (each: unknown) => each === null || each === '' || each === undefined
  if (empty(one) || empty(other)) return empty(one) && empty(other)
  if (typeof one === 'object' && typeof other === 'object') {
    return JSON.stringify(one) === JSON.stringify(other)
  }
  if (typeof one === 'number' || typeof other === 'number') return Number(one) === Number(other)
  return typeof one === 'string' && typeof other === 'string' && one.trim() === other.trim()
}
