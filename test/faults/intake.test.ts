/**
 * F8 to F10, what of F20 concerns STOW-RS, and a part of F16: the same file many times, other content
 * under one UID, strangers, hostile requests and hostile files, against a whole installation.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  dataSet,
  type Element,
  getString,
  readDicom,
  value,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KILLERS } from '../fuzz/killers.ts'
import { makePhantom } from '../phantom/index.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { multipartBody, type Part, partOf, StoreAnswer, stow } from '../support/stow.ts'
import { approveUpload, PROJECT, until } from '../support/workflow.ts'

const DATA = join(import.meta.dirname, '../../../shared/data')
const [CANNOT_UNDERSTAND, WRONG_STUDY, NOT_SUPPORTED] = [0xc000, 0xa900, 0x0122]
const KNOWN_CODES = /^((DICOM|DEID)_[A-Z0-9_]+|CHECK_(TIMEOUT|CRASHED)|NOT_CLEAN)$/
const SAME_FILE_TIMES = 100
const LONG = process.env['PANDOK_FAULTS'] === 'long'
const STRANGER = { projectKey: 'strangers' }

let pandok: TestInstallation
let token: string

beforeAll(async () => {
  pandok = await startTestInstallation({ env: { UPLOAD_QUIET_SECONDS: '2' } })
  token = await pandok.tokenOf('data-manager')
}, 180_000)
afterAll(() => pandok.stop())

const manager = () => pandok.as('data-manager')
const address = (projectKey = PROJECT.projectKey, study = '') =>
  `${pandok.url}/dicomweb/projects/${projectKey}/studies${study === '' ? '' : `/${study}`}`
const filesOf = (seed: number, slices: number) =>
  makePhantom({ seed, size: 32, slices }).files.map(({ bytes }) => bytes)
const uidOf = (bytes: Uint8Array, tag: string) => getString(readDicom(bytes).dataSet, tag)

/** The newest upload of the project, once nobody works on it. */
async function checked(project = PROJECT) {
  const upload = await until(
    async () => (await manager().listUploads({ params: project })).items[0],
    (each) => each !== undefined && !['receiving', 'checking'].includes(each.status),
  )
  if (upload === undefined) throw new Error('no upload')
  return await manager().getUpload({ params: { uploadId: upload.id } })
}

async function sent(parts: readonly Part[], url = address()) {
  const answer = await stow(url, token, parts)
  return { status: answer.status, ...StoreAnswer.parse(await answer.json()) }
}

/** The same names, other values. */
function changed(bytes: Uint8Array, ...elements: Element[]): Uint8Array {
  const file = readDicom(bytes)
  const kept = [...file.dataSet.values()].filter(
    ({ tag }) => !elements.some((each) => each.tag === tag),
  )
  return writeDicom({
    transferSyntaxUid: file.transferSyntaxUid,
    dataSet: dataSet([...kept, ...elements]),
  })
}

describe('F8, F9: one name, the same and other content', () => {
  let original: Uint8Array
  let archivedSha256: string

  test('F8: the same file a hundred times at once is one object', async () => {
    ;[original = new Uint8Array()] = filesOf(8, 1)
    const answers = await Promise.all(
      Array.from({ length: SAME_FILE_TIMES }, async () => {
        const answer = await stow(address(), token, [partOf(original)])
        return `${answer.status} ${await answer.text()}`
      }),
    )
    const upload = await checked()
    const archived = await approveUpload(pandok, upload.id)
    const uploads = (await manager().listUploads({ params: PROJECT })).items
    process.stdout.write(
      `F8: ${SAME_FILE_TIMES} times the same file: ${new Set(answers).size} answer, ` +
        `${uploads.length} upload, ${upload.files.received} file, ` +
        `${upload.report?.files ?? 0} de-identification, ${archived.files.archived} archived\n`,
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^200 /)
    expect(uploads).toHaveLength(1)
    expect(upload).toMatchObject({ files: { received: 1, clean: 1 }, report: { files: 1 } })
    expect(archived).toMatchObject({ status: 'archived', files: { archived: 1 } })
  })

  test('F9: other pixels under an archived UID: nothing overwritten, a person decides', async () => {
    const pixels = Uint8Array.from(original)
    const last = pixels.length - 1
    pixels[last] = (pixels[last] ?? 0) ^ 1
    expect((await sent([partOf(pixels)])).status).toBe(200)
    const upload = await checked()
    const [conflict] = upload.conflicts
    expect(upload).toMatchObject({ status: 'awaiting-qc', files: { clean: 0, conflicts: 1 } })
    archivedSha256 = conflict?.archivedSha256 ?? ''
    const params = { uploadId: upload.id }
    const approve = () => manager().decideQc({ params, body: { decision: 'approve' } })
    await expect(approve()).rejects.toMatchObject({ code: 'UPLOAD_CONFLICTS_UNDECIDED' })
    const decided = await manager().decideConflicts({
      params,
      body: { decision: 'keep-archived', reason: 'archived-is-right' },
    })
    expect(decided).toMatchObject({
      conflicts: [],
      refusals: [{ sha256: conflict?.sha256, code: 'QC_CONFLICT_LEFT_OUT' }],
    })
    await expect(approve()).rejects.toMatchObject({ code: 'UPLOAD_NOTHING_CLEAN' })
    await manager().decideQc({ params, body: { decision: 'reject' } })
    const { items } = await pandok.as('auditor').listAudit({ params: PROJECT })
    for (const action of ['job:deidentification.check', 'decideConflicts']) {
      const entries = items
        .filter((each) => each.action === action)
        .map((each) => JSON.stringify(each))
      expect(
        entries.filter(
          (each) => each.includes(archivedSha256) && each.includes(conflict?.sha256 ?? '-'),
        ),
        action,
      ).toHaveLength(1)
    }
  })

  test('F9: another attribute; and two contents at once are both refused', async () => {
    const other = changed(original, value('00180050', 'DS', '7.5'))
    expect((await sent([partOf(other)])).status).toBe(200)
    const first = await checked()
    expect(first.conflicts).toMatchObject([{ archivedSha256 }])
    await manager().decideQc({ params: { uploadId: first.id }, body: { decision: 'reject' } })
    const [fresh = new Uint8Array()] = filesOf(9, 1)
    const two = [fresh, changed(fresh, value('00180050', 'DS', '7.5'))]
    expect((await sent(two.map(partOf))).status).toBe(200)
    const second = await checked()
    expect(second).toMatchObject({ status: 'failed', files: { received: 2, clean: 0, refused: 2 } })
    expect(second.refusals.map(({ code }) => code)).toEqual(
      Array(2).fill('DEID_SOP_INSTANCE_CONFLICT'),
    )
  })
})

describe('F10: a study that another project has', () => {
  test('looks like any other to a stranger', async () => {
    await pandok.as('admin').createProject({
      params: {},
      body: {
        key: STRANGER.projectKey,
        nameEn: 'Strangers',
        nameKo: '낯선 과제',
        pseudonymFormat: { prefix: 'ST', digits: 6 },
      },
    })
    await pandok.as('admin').putMember({
      params: { ...STRANGER, username: 'data-manager' },
      body: { roles: ['data-manager'] },
    })
    const shapes = new Set<string>()
    const times = new Map<string, number[]>([
      ['known', []],
      ['unknown', []],
    ])
    for (let round = 0; round < 12; round++) {
      // The first of seed 8 is archived in the demonstration project; the others nowhere.
      for (const [kind, seed] of [
        ['known', 8],
        ['unknown', 100 + round],
      ] as const) {
        const [bytes = new Uint8Array()] = filesOf(seed, 1)
        const url = address(STRANGER.projectKey, uidOf(bytes, '0020000D'))
        const started = performance.now()
        const answer = await stow(url, token, [partOf(bytes)])
        const text = await answer.text()
        times.get(kind)?.push(performance.now() - started)
        const headers = [...answer.headers].filter(([name]) => name !== 'date')
        shapes.add(
          JSON.stringify([answer.status, headers, text.replaceAll(/[\d.]{20,}/g, 'UID')]).replace(
            /"content-length","\d+"/,
            '',
          ),
        )
      }
    }
    const upload = await checked(STRANGER)
    const [known = 0, unknown = 0] = [...times.values()].map(
      (each) => each.toSorted((a, b) => a - b)[Math.floor(each.length / 2)],
    )
    process.stdout.write(
      `F10: ${shapes.size} shape of answers; known ${known.toFixed(1)} ms, unknown ` +
        `${unknown.toFixed(1)} ms; refused ${upload.files.refused}\n`,
    )
    expect(shapes.size).toBe(1)
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(2)
    expect(upload.files).toMatchObject({ received: 13, clean: 13, refused: 0, conflicts: 0 })
    // Two projects now: an address that names none is not guessed.
    const unnamed = await stow(`${pandok.url}/dicomweb/studies`, token, [partOf(new Uint8Array(1))])
    expect([unnamed.status, await unnamed.json()]).toMatchObject([
      400,
      { code: 'PROJECT_NOT_NAMED' },
    ])
  })
})

describe('F20: requests that lie, are torn or never end', () => {
  const [file = new Uint8Array()] = filesOf(20, 1)
  const junk = partOf(Buffer.from('x'))
  const post = (body: BodyInit, headers: Record<string, string>) =>
    fetch(address(), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
    })
  const cases: [string, number, () => Promise<Response>][] = [
    ['10,000 parts', 413, () => stow(address(), token, Array<Part>(10_000).fill(junk))],
    [
      'a header of 64 KiB in a part',
      400,
      () => stow(address(), token, [{ bytes: file, headers: `X-Long: ${'x'.repeat(65_536)}` }]),
    ],
    [
      'a compressed body',
      415,
      () => {
        const { type, body } = multipartBody([partOf(file)])
        return post(gzipSync(body), { 'content-type': type, 'content-encoding': 'gzip' })
      },
    ],
    [
      'no boundary',
      415,
      () => post('x', { 'content-type': 'multipart/related; type="application/dicom"' }),
    ],
    [
      'metadata and bulk data (JSON)',
      415,
      () =>
        post('--b--', {
          'content-type': 'multipart/related; type="application/dicom+json"; boundary=b',
        }),
    ],
    [
      'one file without multipart',
      415,
      () => post(file.slice(), { 'content-type': 'application/dicom' }),
    ],
    [
      'an answer that cannot be given',
      406,
      () => stow(address(), token, [partOf(file)], { headers: { accept: 'image/png' } }),
    ],
    ['no part', 400, () => stow(address(), token, [])],
  ]

  test.each(cases)('%s: %i', async (_what, status, request) => {
    const started = performance.now()
    const answer = await request()
    const seconds = (performance.now() - started) / 1000
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json',
    ])
    // 1 s on a machine that does nothing else.
    expect(seconds).toBeLessThan(5)
  })

  test('parts are told apart: stored, of another study, of no kind that is taken, no DICOM', async () => {
    const [first = new Uint8Array(), second = new Uint8Array()] = filesOf(21, 2)
    const [other = new Uint8Array()] = filesOf(22, 1)
    const unknownClass = Buffer.from(
      Buffer.from(second)
        .toString('latin1')
        .replaceAll('1.2.840.10008.5.1.4.1.1.2\0', '1.2.840.10008.5.1.4.1.1.9\0'),
      'latin1',
    )
    const answer = await sent(
      [first, other, unknownClass, Buffer.from('no DICOM')].map(partOf),
      address(PROJECT.projectKey, uidOf(first, '0020000D')),
    )
    expect(answer).toEqual({
      status: 202,
      stored: [uidOf(first, '00080018')],
      failed: [
        { sopInstanceUid: uidOf(other, '00080018'), reason: WRONG_STUDY },
        { sopInstanceUid: uidOf(second, '00080018'), reason: NOT_SUPPORTED },
      ],
      unknown: [CANNOT_UNDERSTAND],
    })
    expect(await sent([partOf(Buffer.from('no DICOM'))])).toMatchObject({ status: 409, stored: [] })
  })

  test('a body that ends too soon: whole parts are stored, the torn one is not', async () => {
    const files = filesOf(23, 3)
    const answer = await stow(address(), token, files.map(partOf), { isTorn: true })
    expect([answer.status, StoreAnswer.parse(await answer.json())]).toEqual([
      202,
      {
        stored: files.slice(0, 2).map((bytes) => uidOf(bytes, '00080018')),
        failed: [],
        unknown: [CANNOT_UNDERSTAND],
      },
    ])
  })

  test('the same as XML', async () => {
    const answer = await stow(address(), token, [partOf(file), junk], {
      headers: { accept: 'application/dicom+xml' },
    })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      202,
      'application/dicom+xml',
    ])
    const text = await answer.text()
    expect(text).toContain(`<Value number="1">${uidOf(file, '00080018')}</Value>`)
    expect(text).toContain('keyword="FailureReason"')
  })
})

describe('F16: hostile files', () => {
  test('each is cleaned or refused with a listed code, and the server serves on', async () => {
    // What F20 sent is out of the way.
    const before = await checked()
    const given = readdirSync(DATA, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /dicom-fuzzer|pydicom/.test(entry.parentPath))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => statSync(path).size < 300_000)
      .toSorted()
      .slice(0, LONG ? 60 : 24)
      .map((path) => readFileSync(path))
    const killers = Object.entries(KILLERS)
      .filter(([name]) => !/GiB|\d{2,} MiB|\d{5} deep/.test(name))
      .filter((_each, at) => LONG || at % 3 === 0)
      .map(([, make]) => make())
    const parts = [...given, ...killers].map(partOf)
    const answer = await sent(parts)
    expect(answer.stored.length + answer.failed.length + answer.unknown.length).toBe(parts.length)
    const upload = await checked()
    expect(upload.id).not.toBe(before.id)
    const codes = Object.groupBy(upload.refusals, ({ code }) => code)
    process.stdout.write(
      `F16: ${parts.length} hostile files: ${answer.failed.length + answer.unknown.length} refused at the door, ` +
        `${upload.files.clean} cleaned, ${upload.files.refused} refused: ` +
        `${Object.entries(codes)
          .map(([code, each]) => `${code} ${each?.length ?? 0}`)
          .join(', ')}\n`,
    )
    expect(
      upload.refusals.filter(({ code }) => !KNOWN_CODES.test(code) || /INTERNAL/.test(code)),
    ).toEqual([])
    expect(upload.files.refused).toBeGreaterThan(10)
    expect((await fetch(`${pandok.url}/api/health`)).status).toBe(200)
  })
})
