/**
 * De-identification on the server through its public API: profiles, keys, the look at pixels, the
 * ledger. The detector's answers are given; everything else is real.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { deidentify, joinChunks, loadProfile, openVault, shiftIsoDate } from '@pandok/anonymizer'
import { type Client, operations, PandokError } from '@pandok/contract'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makePhantom } from '../../../test/phantom/index.ts'
import { startTestApi, type TestApi } from '../../../test/support/api.ts'
import { OUTCOME } from '../../../test/support/workflow.ts'
import type { FrameBoxes, Looker } from './look/looker.ts'

const BOX = { left: 1, top: 2, width: 30, height: 8 }
const ROLES = ['data-manager', 'manager', 'auditor', 'labeler', 'researcher'] as const
const CHECK = 'deidentification.check'
const LOOK = 'deidentification.look'
const GIVE_BACK = 'deidentification.give-back'

let api: TestApi
let now = new Date('2026-03-01T10:00:00Z')
/** Hashes of files by what the detector says of them, and what it was asked. */
let withText: Set<string>
let unreadable: Set<string>
let asked: { sha256: string; frames: readonly number[] }[]

const looker: Looker = {
  corners: (_path, count) => Promise.resolve(Array.from({ length: count }, () => 'same')),
  look: (path, frames) => {
    const sha256 = basename(path)
    expect(existsSync(path)).toBe(true)
    asked.push({ sha256, frames })
    if (unreadable.has(sha256)) {
      return Promise.resolve({ kind: 'refused', code: 'DEID_PIXEL_CODEC' })
    }
    const looked: FrameBoxes[] = frames.map((frame) => ({
      frame,
      boxes: withText.has(sha256) ? [BOX] : [],
    }))
    return Promise.resolve({ kind: 'looked', frames: looked })
  },
  close: () => Promise.resolve(),
}

beforeAll(async () => {
  api = await startTestApi({ clock: () => now, openLooker: () => looker })
}, 120_000)
afterAll(() => api.stop())

let round = 0
let params: { projectKey: string }
beforeEach(async () => {
  now = new Date('2026-03-01T10:00:00Z')
  ;[withText, unreadable, asked] = [new Set(), new Set(), []]
  round += 1
  params = { projectKey: `project-${round}` }
  await api.as('admin').createProject({
    params: {},
    body: {
      key: params.projectKey,
      nameEn: 'Project',
      nameKo: '과제',
      pseudonymFormat: { prefix: 'LC', digits: 5 },
    },
  })
  for (const role of ROLES) {
    await api
      .as('admin')
      .putMember({ params: { ...params, username: role }, body: { roles: [role] } })
  }
})

const manager = () => api.as('manager')
const data = () => api.as('data-manager')
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof PandokError ? error.code : String(error)),
  )

const kit = () => data().getDeidentificationKey({ params })

/** De-identified with what the server gives, and sent. */
async function upload(seed: number, slices: number, patientId = `PATIENT-${round}-${seed}`) {
  const given = await kit()
  const vault = openVault(Buffer.from(given.keyBase64, 'base64'), given.pseudonymFormat)
  const settings = { profile: loadProfile(given.profile), vault }
  const { profileVersion, keyVersion } = given
  const { id } = await data().createUpload({ params, body: { profileVersion, keyVersion } })
  const uploadParams = { uploadId: id }
  const sha256s: string[] = []
  let pseudonym = ''
  let subjectDigest = ''
  for (const file of makePhantom({ seed: round * 100 + seed, size: 32, slices, patientId }).files) {
    const clean = deidentify(file.bytes, settings)
    const bytes = joinChunks(clean.chunks)
    ;({ pseudonym, subjectDigest } = clean)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await data().putUploadFile({ params: { uploadId: id, sha256 }, body: new Blob([bytes]) })
    sha256s.push(sha256)
  }
  // The phantom is written from the feet up, its instances are numbered from the head down.
  sha256s.reverse()
  const subjects = [{ pseudonym, subjectDigest }]
  return { params: uploadParams, sha256s, pseudonym, subjects, vault }
}
const check = async (sent: Awaited<ReturnType<typeof upload>>) => {
  const { sha256s, subjects } = sent
  await data().completeUpload({ params: sent.params, body: { sha256s, subjects } })
  await api.runJob(CHECK, sent.params)
}
const lookedAt = async (sent: Awaited<ReturnType<typeof upload>>) => {
  await check(sent)
  await api.runJob(LOOK, sent.params)
  const detail = await data().getUpload({ params: sent.params })
  const series = detail.studies[0]?.series[0]?.seriesInstanceUid ?? ''
  return { detail, series: { ...sent.params, series } }
}
const pixelsOf = async (uploadId: string) =>
  (await data().getUpload({ params: { uploadId } })).studies[0]?.series[0]?.pixels
const approve = (uploadId: string) =>
  data().decideQc({ params: { uploadId }, body: { decision: 'approve' } })
const sql = async (statement: string, values: unknown[] = [], url = api.databaseUrl) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement, values)).rows
  } finally {
    await client.end()
  }
}

describe('who may', () => {
  const body = { decision: 'clear' as const }
  const series = '1.2.3'
  const calls: Record<string, (client: Client, uploadId: string) => Promise<unknown>> = {
    getProfile: (client) => client.getProfile({ params }),
    setProfile: (client) => client.setProfile({ params, body: { profile: 'basic' } }),
    listProfiles: (client) => client.listProfiles({ params }),
    getDeidentificationKey: (client) => client.getDeidentificationKey({ params }),
    listDeidentificationKeys: (client) => client.listDeidentificationKeys({ params }),
    rotateDeidentificationKey: (client) =>
      client.rotateDeidentificationKey({ params, body: { replaces: 99, reason: 'schedule' } }),
    getProcessingTerms: (client) => client.getProcessingTerms({ params }),
    setProcessingTerms: (client) =>
      client.setProcessingTerms({
        params,
        body: {
          purpose: 'statistics',
          purposeDetail: 'why',
          legalBasis: 'IRB 1',
          retentionDays: 10,
        },
      }),
    listLedger: (client) => client.listLedger({ params }),
    verifyLedger: (client) => client.verifyLedger({ params }),
    listCopies: (client) => client.listCopies({ params }),
    recordCopy: (client) =>
      client.recordCopy({ params, body: { recipient: 'a', place: 'b', content: 'c' } }),
    recordDestruction: (client) =>
      client.recordDestruction({
        params: { ...params, copyId: 99 },
        body: { destroyedOn: '2026-03-01', method: 'erased' },
      }),
    getEvidencePack: (client) => client.getEvidencePack({ params }),
    listPixelFindings: (client, uploadId) =>
      client.listPixelFindings({ params: { uploadId, series } }),
    decidePixelFindings: (client, uploadId) =>
      client.decidePixelFindings({ params: { uploadId, series }, body }),
    recordSeriesSeen: (client, uploadId) =>
      client.recordSeriesSeen({ params: { uploadId, series }, body: { seen: [] } }),
  }

  test('the roles of the contract, and nobody of another project', async () => {
    const { id } = await data().createUpload({ params, body: {} })
    const answers = []
    for (const [name, call] of Object.entries(calls)) {
      const { access } = operations[name as keyof typeof operations]
      const roles: readonly string[] | 'any' = access.kind === 'project' ? access.roles : []
      const allowed = roles === 'any' ? ROLES : roles
      for (const role of ROLES) {
        const code = await codeOf(call(api.as(role), id))
        answers.push(`${name} ${role} ${code === 'FORBIDDEN' ? 'no' : 'yes'}`)
        expect(answers.at(-1)).toBe(
          `${name} ${role} ${allowed.some((each) => each === role) ? 'yes' : 'no'}`,
        )
      }
      expect([name, await codeOf(call(api.as('stranger'), id))]).toEqual([name, 'NOT_FOUND'])
    }
    process.stdout.write(`role matrix: ${answers.length} cells, each as the contract says\n`)
  }, 120_000)
})

describe('the profile', { timeout: 60_000 }, () => {
  test('is a history; an error names its line', async () => {
    const first = await data().getProfile({ params })
    expect(first).toMatchObject({ version: 1, setBy: null })
    expect(first.label).toContain('research-longitudinal')
    const text = 'name: our-trial\nversion: 3\noptions: [clean-descriptors]\n'
    const second = await manager().setProfile({ params, body: { profile: text } })
    expect(second).toMatchObject({ version: 2, text, setBy: { username: 'manager' } })
    expect(second.digest).toBe(createHash('sha256').update(text).digest('hex'))
    const wrong = manager().setProfile({ params, body: { profile: `${text}options2: []\n` } })
    await expect(wrong).rejects.toMatchObject({
      code: 'PROFILE_INVALID',
      issues: [{ path: 'body.profile', line: 4 }],
    })
    const { items, builtIn } = await data().listProfiles({ params })
    expect(items.map(({ version }) => version)).toEqual([2, 1])
    expect(builtIn.map(({ name }) => name)).toContain('basic')
    expect((await data().getProfile({ params, query: { version: 1 } })).text).toBe(first.text)
    expect(await kit()).toMatchObject({
      profile: text,
      profileVersion: 2,
      profileLabel: second.label,
    })
  })

  test('an upload keeps the one it began with; a new one must know the newest', async () => {
    const sent = await upload(1, 2)
    const { profileVersion } = await kit()
    // This one allows no CT: the files would be refused by it.
    const profile =
      'name: mr-only\nversion: 1\noptions: []\nsopClasses: [1.2.840.10008.5.1.4.1.1.4]\n'
    await manager().setProfile({ params, body: { profile } })
    const { detail } = await lookedAt(sent)
    expect(detail).toMatchObject({ status: 'awaiting-qc', profileVersion, files: { clean: 2 } })
    expect(await codeOf(data().createUpload({ params, body: { profileVersion } }))).toBe(
      'DEIDENTIFICATION_CHANGED',
    )
  })
})

describe('the look at pixels', { timeout: 60_000 }, () => {
  test('first, middle and last of what announces nothing; approval needs no decision', async () => {
    const sent = await upload(1, 7)
    const { detail } = await lookedAt(sent)
    expect(asked.map(({ sha256 }) => sent.sha256s.indexOf(sha256))).toEqual([0, 3, 6])
    expect(detail.look).toEqual({ frames: 3, of: 3 })
    expect(await pixelsOf(sent.params.uploadId)).toMatchObject({
      looked: { frames: 3, of: 7 },
      mustBeSeen: false,
      findings: { files: 0, undecided: 0 },
    })
    expect((await approve(sent.params.uploadId)).status).toBe('archiving')
  })

  test('what was sent is in the archive at the end, and nowhere else', async () => {
    const sent = await upload(1, 3)
    const { blobs } = api.app
    const first = sent.sha256s[0] ?? ''
    expect(await blobs.size('quarantine', first)).toBeGreaterThan(0)
    await lookedAt(sent)
    expect(await blobs.size('quarantine', first)).toBeUndefined()
    expect(await blobs.size('staging', first)).toBeGreaterThan(0)
    await approve(sent.params.uploadId)
    await api.runJob('archive.store', sent.params)
    for (const sha256 of sent.sha256s) {
      for (const area of ['quarantine', 'incoming', 'staging'] as const) {
        expect(await blobs.size(area, sha256)).toBeUndefined()
      }
      expect(await blobs.size('archive', sha256)).toBeGreaterThan(0)
    }
  })

  test('text in one sample: all are looked at; undecided holds approval up; refused bytes go', async () => {
    const sent = await upload(1, 7)
    const [first = '', , third = ''] = sent.sha256s
    withText = new Set([first, third])
    const { detail, series } = await lookedAt(sent)
    expect(detail.look).toEqual({ frames: 7, of: 7 })
    const { items } = await data().listPixelFindings({ params: series })
    expect(items.map(({ sha256 }) => sha256).toSorted()).toEqual([first, third].toSorted())
    expect(items[0]).toMatchObject({ kind: 'text', frames: [{ frame: 1, boxes: [BOX] }] })
    expect(await codeOf(approve(series.uploadId))).toBe('UPLOAD_PIXELS_UNDECIDED')
    await expect(
      sql(`update upload set status = 'archiving' where id = $1`, [series.uploadId]),
    ).rejects.toMatchObject({ code: '23001' })
    const decide = (decision: 'clear' | 'refuse', sha256s?: string[]) =>
      data().decidePixelFindings({
        params: series,
        body: { decision, ...(sha256s && { sha256s }) },
      })
    await decide('clear', [first])
    const after = await decide('refuse')
    expect(after.files).toMatchObject({ clean: 6, refused: 1 })
    expect(after.refusals).toMatchObject([{ sha256: third, code: 'QC_TEXT_IN_PIXELS' }])
    const frame = { params: { uploadId: series.uploadId, sha256: third, frame: 1 } }
    expect(await codeOf(data().getUploadFrame(frame))).toBe('NOT_FOUND')
    await expect(
      sql('update pixel_finding set decision = null, decided_by = null, decided_at = null'),
    ).rejects.toMatchObject({ code: '23001' })
    expect((await approve(series.uploadId)).status).toBe('archiving')
    expect(await codeOf(decide('clear'))).toBe('UPLOAD_NOT_AWAITING_QC')
  })

  test('what cannot be looked at waits for a person, and nothing is left of what is all refused', async () => {
    const sent = await upload(1, 2)
    unreadable = new Set(sent.sha256s)
    const { series } = await lookedAt(sent)
    const { items } = await data().listPixelFindings({ params: series })
    expect(items).toMatchObject([
      { kind: 'not-looked', code: 'DEID_PIXEL_CODEC' },
      { kind: 'not-looked', code: 'DEID_PIXEL_CODEC' },
    ])
    await data().decidePixelFindings({ params: series, body: { decision: 'refuse' } })
    expect(await codeOf(approve(series.uploadId))).toBe('UPLOAD_NOTHING_CLEAN')
  })

  test('a detector that never comes leaves every file to a person', async () => {
    const sent = await upload(1, 2)
    await check(sent)
    await api.giveUpJob(LOOK, sent.params)
    expect(await pixelsOf(sent.params.uploadId)).toMatchObject({
      looked: { frames: 0, of: 2 },
      findings: { files: 2, undecided: 2 },
    })
    expect(await codeOf(approve(sent.params.uploadId))).toBe('UPLOAD_PIXELS_UNDECIDED')
  })

  test('a kind that waits for a person: all frames, and who approves has opened it', async () => {
    const sent = await upload(1, 5)
    await check(sent)
    await sql(
      `update upload_file set instance = jsonb_set(instance, '{pixels}', '"person"')
        where upload_id = $1`,
      [sent.params.uploadId],
    )
    await api.runJob(LOOK, sent.params)
    expect(asked).toHaveLength(5)
    // The rule reads the number of frames that the check recorded: make one file a loop of nine.
    const [loop = '', ...others] = sent.sha256s
    await sql(
      `update upload_file set instance = jsonb_set(instance, '{numberOfFrames}', '9')
        where upload_id = $1 and sha256 = $2`,
      [sent.params.uploadId, loop],
    )
    expect(await pixelsOf(sent.params.uploadId)).toMatchObject({ mustBeSeen: true, seenBy: null })
    expect(await codeOf(approve(sent.params.uploadId))).toBe('UPLOAD_SERIES_UNSEEN')
    const detail = await data().getUpload({ params: sent.params })
    const series = detail.studies[0]?.series[0]?.seriesInstanceUid ?? ''
    const seriesParams = { ...sent.params, series }
    const see = (client: Client, seen: { sha256: string; frames: number[] }[]) =>
      client.recordSeriesSeen({ params: seriesParams, body: { seen } })
    // Somebody else's eyes are not those of the person who approves.
    const username = 'data-manager-2'
    await api
      .as('admin')
      .putMember({ params: { ...params, username }, body: { roles: ['data-manager'] } })
    const allSeen = [
      { sha256: loop, frames: [9, 1, 5] },
      ...others.map((sha256) => ({ sha256, frames: [1] })),
    ]
    const seen = await see(api.as(username), allSeen)
    expect(seen.studies[0]?.series[0]?.pixels).toMatchObject({ seenBy: { username } })
    expect(await pixelsOf(sent.params.uploadId)).toMatchObject({ seenBy: null, seenAt: null })
    expect(await codeOf(approve(sent.params.uploadId))).toBe('UPLOAD_SERIES_UNSEEN')
    await expect(
      sql(
        `update upload set status = 'archiving',
           decided_by = (select id from person where username = 'data-manager') where id = $1`,
        [sent.params.uploadId],
      ),
    ).rejects.toMatchObject({ code: '23001' })
    await expect(see(data(), [{ sha256: loop, frames: [1, 9] }])).rejects.toMatchObject({
      code: 'UPLOAD_FRAMES_UNSEEN',
      issues: [{ message: `${loop} 5` }, ...others.map((sha256) => ({ message: `${sha256} 1` }))],
    })
    await see(data(), allSeen)
    expect(await pixelsOf(sent.params.uploadId)).toMatchObject({
      seenBy: { username: 'data-manager' },
    })
    expect((await approve(sent.params.uploadId)).status).toBe('archiving')
  })

  test('a look that is broken off is begun anew and finds the same', async () => {
    const sent = await upload(1, 5)
    withText = new Set(sent.sha256s.slice(0, 1))
    await check(sent)
    const { look } = looker
    let calls = 0
    Object.assign(looker, {
      look: (path: string, frames: readonly number[]) =>
        ++calls === 3 ? Promise.reject(new Error('killed')) : look(path, frames),
    })
    await expect(api.runJob(LOOK, sent.params)).rejects.toThrow('killed')
    Object.assign(looker, { look })
    await api.runJob(LOOK, sent.params)
    expect(await pixelsOf(sent.params.uploadId)).toMatchObject({
      looked: { frames: 5, of: 5 },
      findings: { files: 1, undecided: 1 },
    })
  })
})

describe('the key', { timeout: 60_000 }, () => {
  test('is replaced once; old subjects keep their dates, and nobody is taken for them', async () => {
    const before = await upload(1, 2)
    await lookedAt(before)
    await approve(before.params.uploadId)
    await api.runJob('archive.store', before.params)
    const rotate = () =>
      manager().rotateDeidentificationKey({ params, body: { replaces: 1, reason: 'schedule' } })
    expect(await rotate()).toMatchObject({ version: 2, subjects: 0 })
    expect(await codeOf(rotate())).toBe('KEY_ROTATED')
    const { items } = await manager().listDeidentificationKeys({ params })
    expect(items.map(({ version, subjects }) => [version, subjects])).toEqual([
      [2, 0],
      [1, 1],
    ])
    expect(new Set(items.map(({ fingerprint }) => fingerprint)).size).toBe(2)
    const after = await upload(1, 2)
    expect(after.pseudonym).not.toBe(before.pseudonym)
    // Another patient whose new pseudonym happens to be the old one of somebody else.
    await sql(`update subject set pseudonym = $1 where pseudonym = $2`, [
      after.pseudonym,
      before.pseudonym,
    ])
    const { detail } = await lookedAt(after)
    expect(detail.refusals.map(({ code }) => code)).toEqual([
      'DEID_PSEUDONYM_COLLISION',
      'DEID_PSEUDONYM_COLLISION',
    ])
    await sql(`update subject set pseudonym = $2 where pseudonym = $1`, [
      after.pseudonym,
      before.pseudonym,
    ])
    const { items: cases } = await manager().listCases({ params })
    const caseId = cases[0]?.id ?? ''
    await data().putOutcome({ params: { caseId }, body: { baseRevision: 0, values: OUTCOME } })
    const seen = await api.as('researcher').getOutcome({ params: { caseId } })
    const offset = before.vault.dateOffsetDays(before.pseudonym)
    expect(seen.values?.diagnosisDate).toBe(shiftIsoDate(OUTCOME.diagnosisDate, offset))
    expect(await manager().verifyLedger({ params })).toMatchObject({ isIntact: true, fault: null })
  })
})

describe('one pseudonym for two patients under one key', { timeout: 60_000 }, () => {
  /** Among a hundred thousand pseudonyms some hundreds of patients have two of a kind. */
  async function twoOfAKind(): Promise<[string, string]> {
    const { keyBase64, pseudonymFormat } = await kit()
    const vault = openVault(Buffer.from(keyBase64, 'base64'), pseudonymFormat)
    const known = new Map<string, string>()
    for (let number = 1; ; number++) {
      const pseudonym = vault.pseudonymFor(`P-${number}`)
      const first = known.get(pseudonym)
      if (first !== undefined) return [first, `P-${number}`]
      known.set(pseudonym, `P-${number}`)
    }
  }

  test('who came first keeps it; files of the other are named and refused', async () => {
    const [one, two] = await twoOfAKind()
    const first = await upload(1, 2, one)
    expect((await lookedAt(first)).detail.files).toMatchObject({ clean: 2, refused: 0 })
    const second = await upload(2, 2, two)
    expect(second.pseudonym).toBe(first.pseudonym)
    const { detail } = await lookedAt(second)
    expect(detail).toMatchObject({ status: 'failed', files: { clean: 0, refused: 2 } })
    expect(detail.refusals).toEqual(
      second.sha256s
        .toSorted()
        .map((sha256) => ({ sha256, code: 'DEID_PSEUDONYM_COLLISION', findings: [] })),
    )
    const again = await upload(3, 2, one)
    expect((await lookedAt(again)).detail.files).toMatchObject({ clean: 2, refused: 0 })
    const [digest = ''] = first.subjects.map(({ subjectDigest }) => subjectDigest)
    const kept = await sql('select pseudonym, digest from subject', [], api.vaultUrl)
    expect(kept).toContainEqual({ pseudonym: first.pseudonym, digest })
    await expect(sql('delete from subject', [], api.vaultUrl)).rejects.toMatchObject({
      code: '23001',
    })
    const tables = await sql(`select format('%I.%I', table_schema, table_name) as name
      from information_schema.tables where table_type = 'BASE TABLE'
       and table_schema in ('public', 'graphile_worker')`)
    expect(tables.length).toBeGreaterThan(20)
    for (const { name } of tables) {
      const rows = await sql(`select from ${String(name)} t where t::text like $1`, [`%${digest}%`])
      expect([name, rows.length]).toEqual([name, 0])
    }
  })

  test('rejected: the pseudonym is free for another patient, unless a second upload holds it', async () => {
    const [one, two] = await twoOfAKind()
    const first = await upload(1, 2, one)
    const again = await upload(3, 2, one)
    await lookedAt(first)
    await lookedAt(again)
    const holders = () =>
      sql(
        `select digest, count(h.*)::int as uploads from subject s
           left join subject_holder h using (project_id, pseudonym)
          where s.digest = $1 group by 1`,
        [first.subjects[0]?.subjectDigest],
        api.vaultUrl,
      )
    const reject = async ({ params: uploadParams }: typeof first) => {
      await data().decideQc({ params: uploadParams, body: { decision: 'reject' } })
      expect(
        await sql(
          `select count(*)::int as jobs from graphile_worker._private_jobs job
             join graphile_worker._private_tasks task on task.id = job.task_id
            where task.identifier = $1 and job.payload->>'uploadId' = $2`,
          [GIVE_BACK, uploadParams.uploadId],
        ),
      ).toEqual([{ jobs: 1 }])
      await api.runJob(GIVE_BACK, uploadParams)
      await api.runJob(GIVE_BACK, uploadParams)
    }
    expect(await holders()).toMatchObject([{ uploads: 2 }])
    // An upload that stands keeps what it holds, whoever asks.
    await api.runJob(GIVE_BACK, first.params)
    expect(await holders()).toMatchObject([{ uploads: 2 }])
    await reject(first)
    expect(await holders()).toMatchObject([{ uploads: 1 }])
    const early = await upload(2, 2, two)
    expect((await lookedAt(early)).detail.files).toMatchObject({ clean: 0, refused: 2 })
    // Refused as a whole: it held nothing, and gives nothing of the other's back.
    await api.runJob(GIVE_BACK, early.params)
    expect(await holders()).toMatchObject([{ uploads: 1 }])
    await reject(again)
    expect(await holders()).toEqual([])
    const late = await upload(4, 2, two)
    expect((await lookedAt(late)).detail.files).toMatchObject({ clean: 2, refused: 0 })
    // And now the first patient comes too late.
    const last = await upload(5, 2, one)
    expect((await lookedAt(last)).detail).toMatchObject({ status: 'failed' })
  })

  test('both in one upload: whose file is whose is not known, so all are refused', async () => {
    const [one, two] = await twoOfAKind()
    const sent = await upload(1, 2, one)
    const subjectDigest = sent.vault.subjectDigest(two)
    sent.subjects.push({ pseudonym: sent.pseudonym, subjectDigest })
    const { detail } = await lookedAt(sent)
    expect(detail).toMatchObject({ status: 'failed', files: { clean: 0, refused: 2 } })
  })
})

describe('the ledger', { timeout: 60_000 }, () => {
  test('tells what was de-identified for what, once for each check', async () => {
    expect(await manager().verifyLedger({ params })).toMatchObject({ isIntact: true, entries: 0 })
    expect(await manager().getProcessingTerms({ params })).toMatchObject({
      purpose: 'scientific-research',
      setAt: null,
      warnings: [{ code: 'TERMS_NOT_SET' }],
    })
    const body = {
      purpose: 'statistics' as const,
      purposeDetail: 'how many there are',
      legalBasis: 'IRB 2026-17',
      retentionDays: 30,
    }
    expect(await manager().setProcessingTerms({ params, body })).toMatchObject({ warnings: [] })
    const sent = await upload(1, 2)
    await lookedAt(sent)
    await api.runJob(CHECK, sent.params)
    const { items } = await manager().listLedger({ params })
    expect(items.map(({ kind }) => kind)).toEqual(['deidentification', 'opening'])
    const given = await kit()
    const [keys] = (await manager().listDeidentificationKeys({ params })).items
    expect(items[0]).toMatchObject({
      objectId: sent.params.uploadId,
      purpose: 'statistics',
      legalBasis: 'IRB 2026-17',
      profile: { label: given.profileLabel, digest: given.profileDigest },
      keyFingerprint: keys?.fingerprint,
      period: { from: '2026-03-01', until: '2026-03-31' },
      counts: { inputs: 2, written: 2, subjects: 1 },
    })
  })

  test('copies are recalled, overdue first, until they are destroyed; then kept three years', async () => {
    const copy = (recipient: string, until: string) =>
      manager().recordCopy({
        params,
        body: { recipient, place: 'Seoul', content: 'ten cases', until },
      })
    const late = await copy('B University', '2026-03-10')
    const early = await copy('A Hospital', '2026-03-05')
    const long = await copy('C Company', '2027-01-01')
    now = new Date('2026-03-20T00:00:00Z')
    const out = async () => (await manager().listCopies({ params })).items
    expect((await out()).map(({ id, isOverdue }) => [id, isOverdue])).toEqual([
      [early.id, true],
      [late.id, true],
      [long.id, false],
    ])
    const destroy = (destroyedOn: string) =>
      manager().recordDestruction({
        params: { ...params, copyId: early.id },
        body: { destroyedOn, method: 'disk shredded' },
      })
    expect(await codeOf(destroy('2026-04-01'))).toBe('INPUT_INVALID')
    expect(await codeOf(destroy('2026-02-01'))).toBe('INPUT_INVALID')
    expect(await destroy('2026-03-19')).toMatchObject({
      destroyedOn: '2026-03-19',
      keptUntil: '2029-03-19',
      method: 'disk shredded',
    })
    expect(await codeOf(destroy('2026-03-19'))).toBe('COPY_DESTROYED')
    expect(await out()).toHaveLength(2)
    expect(
      (await manager().listCopies({ params, query: { state: 'destroyed' } })).items,
    ).toMatchObject([{ id: early.id }])
  })

  test('takes no identifier, changes nothing, and shows what was changed behind its back', async () => {
    const copy = (recipient: string) =>
      manager().recordCopy({ params, body: { recipient, place: 'Seoul', content: 'all' } })
    expect(await codeOf(copy('900101-1234567'))).toBe('INPUT_INVALID')
    await copy('A Hospital')
    await copy('B Hospital')
    for (const statement of [
      `update ledger_entry set line = '{}'`,
      'delete from ledger_entry',
      'truncate ledger_entry',
      `insert into ledger_entry (project_id, sequence, line, kind)
         select project_id, 9, line, 'copy' from ledger_entry limit 1`,
    ]) {
      await expect(sql(statement), statement).rejects.toMatchObject({ code: '23001' })
    }
    expect(await manager().verifyLedger({ params })).toMatchObject({ isIntact: true, entries: 3 })
    // Somebody who owns the tables takes the triggers off.
    await sql(
      `alter table ledger_entry disable trigger all;
       update ledger_entry set line = replace(line, 'A Hospital', 'Z Hospital');
       alter table ledger_entry enable trigger all`,
    )
    expect(await manager().verifyLedger({ params })).toMatchObject({
      isIntact: false,
      fault: { sequence: 2, code: 'LEDGER_HASH' },
    })
  })

  test('the evidence pack has page, facts, profiles, ledger and a sample', async () => {
    const sent = await upload(1, 2)
    await lookedAt(sent)
    await approve(sent.params.uploadId)
    await api.runJob('archive.store', sent.params)
    const zip = Buffer.from(
      await (await manager().getEvidencePack({ params })).arrayBuffer(),
    ).toString('latin1')
    for (const name of [
      'evidence.html',
      'evidence.json',
      'ledger.jsonl',
      'profiles/v1.yaml',
      'sample/2.25.',
    ]) {
      expect(zip).toContain(name)
    }
  })
})
