/** QIDO-RS through HTTP over rows of a real database (PS3.18 8.3.4, 10.6; PS3.4 C.2.2.2). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../../test/support/api.ts'
import { archiveInstances } from '../../../test/support/archive.ts'
import type { CheckedFile } from '../archive/study-store.ts'

type Json = Record<string, { vr: string; Value?: unknown[] }>

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
  for (const key of ['lung', 'liver']) {
    await api.as('admin').createProject({
      params: {},
      body: {
        key,
        nameEn: key,
        nameKo: key,
        pseudonymFormat: { prefix: 'LC', digits: 5 },
      },
    })
  }
  const member = (projectKey: string, username: string) =>
    api.as('admin').putMember({ params: { projectKey, username }, body: { roles: ['labeler'] } })
  await member('lung', 'reader')
  await member('lung', 'both')
  await member('liver', 'both')
  await archive('lung', STUDIES)
  await archive('liver', [study(9, { '00100020': lo('LC00009') })])
}, 120_000)
afterAll(() => api.stop())

const lo = (...Value: unknown[]) => ({ vr: 'LO', Value })

/** Study 1.2.N with series 1.2.N.M and their instances 1.2.N.M.K; modalities by series. */
function study(
  number: number,
  attributes: Json,
  modalities: readonly string[] = ['CT'],
  instances = 2,
): CheckedFile[] {
  return modalities.flatMap((modality, at) =>
    Array.from({ length: instances }, (_, k): CheckedFile => {
      const uid = `1.2.${number}`
      const seriesUid = `${uid}.${at + 1}`
      return {
        patientId: `LC${String(number).padStart(5, '0')}`,
        studyInstanceUid: uid,
        seriesInstanceUid: seriesUid,
        sopInstanceUid: `${seriesUid}.${k + 1}`,
        sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
        transferSyntaxUid: '1.2.840.10008.1.2.1',
        modality,
        numberOfFrames: 1,
        frames: [[0, 1]],
        metadata: {
          '00200011': { vr: 'IS', Value: [at + 1] },
          '00200013': { vr: 'IS', Value: [k + 1] },
          '00280010': { vr: 'US', Value: [512] },
          ...attributes,
        },
      }
    }),
  )
}

const STUDIES = [
  study(1, {
    '00080020': { vr: 'DA', Value: ['20200102'] },
    '00080030': { vr: 'TM', Value: ['101530.123'] },
    '00080050': { vr: 'SH', Value: ['A%1'] },
    '00080090': { vr: 'PN', Value: [{ Alphabetic: 'House^Gregory' }] },
    '00081030': lo('Chest_CT'),
    '00100010': {
      vr: 'PN',
      Value: [{ Alphabetic: 'KIM^GilDong^^', Ideographic: '金^吉東', Phonetic: '김^길동' }],
    },
    '00100020': lo('LC00001'),
    '00200010': { vr: 'SH', Value: ['S1'] },
    '00080201': { vr: 'SH', Value: ['+0900'] },
  }),
  study(
    2,
    {
      '00080020': { vr: 'DA', Value: ['20210615'] },
      '00080030': { vr: 'TM', Value: ['2359'] },
      '00080050': { vr: 'SH', Value: ['AX1'] },
      '00081030': lo('ChestXCT'),
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Kimber^Ann' }] },
      '00100020': lo('LC00002'),
      '00400244': { vr: 'DA', Value: ['20210616'] },
      '00400245': { vr: 'TM', Value: ['0001'] },
      '00400275': {
        vr: 'SQ',
        Value: [
          { '00400009': { vr: 'SH', Value: ['SPS-7'] }, '00401001': { vr: 'SH', Value: ['RP-7'] } },
          { '00400009': { vr: 'SH', Value: ['SPS-8'] }, '00401001': { vr: 'SH', Value: ['RP-8'] } },
        ],
      },
    },
    ['CT', 'PT'],
  ),
  study(3, { '00100020': lo('LC00003') }, ['MR']),
]

async function archive(key: string, studies: readonly CheckedFile[][]): Promise<void> {
  const project = await api.app.projects.byKey(key)
  if (project === undefined) expect.unreachable('no project')
  for (const instances of studies) {
    await archiveInstances(
      api.app,
      project.id,
      instances.map((instance) => ({
        sha256: hashOf(instance.sopInstanceUid),
        bytes: 9,
        instance,
      })),
    )
  }
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

async function get(path: string, username = 'reader', headers: Record<string, string> = {}) {
  const answer = await fetch(`${api.url}/dicomweb${path}`, {
    headers: { authorization: `Bearer ${await api.tokenOf(username)}`, ...headers },
  })
  const text = await answer.text()
  return { answer, text, json: answer.ok ? (JSON.parse(text) as Json[]) : [] }
}

const uids = (json: readonly Json[], tag: string) => json.map((each) => each[tag]?.Value?.[0])

describe('matching of studies', () => {
  test.each<[string, string, number[]]>([
    ['nothing asked: all of the projects', '', [1, 2, 3]],
    ['an empty value is universal', 'PatientID=', [1, 2, 3]],
    ['a lone star is universal, of what is absent too', 'StudyDate=*', [1, 2, 3]],
    ['PatientID', 'PatientID=LC00001', [1]],
    ['by tag', '00100020=LC00001', [1]],
    ['by tag in small letters', '0020000d=1.2.3', [3]],
    ['PatientID with a star', 'PatientID=LC0000*', [1, 2, 3]],
    ['PatientID with a question mark', 'PatientID=LC0000?', [1, 2, 3]],
    ['PatientID in other case', 'PatientID=lc00001', []],
    ['% and _ are themselves', 'AccessionNumber=A%25*', [1]],
    ['_ is itself', 'StudyDescription=Chest_CT', [1]],
    ['two keys', 'PatientID=LC*&StudyDescription=*XCT', [2]],
    ['StudyDate', 'StudyDate=20200102', [1]],
    ['StudyDate range', 'StudyDate=20200101-20201231', [1]],
    ['StudyDate from', 'StudyDate=20200103-', [2]],
    ['StudyDate to', 'StudyDate=-20210615', [1, 2]],
    ['StudyTime to the minute', 'StudyTime=1015', [1]],
    ['StudyTime exact', 'StudyTime=101530.123', [1]],
    ['StudyTime another second', 'StudyTime=101531', []],
    ['StudyTime range', 'StudyTime=2300-2359', [2]],
    ['StudyDate in UTC', 'StudyDate=20200102&TimezoneOffsetFromUTC=%2B0000', [1]],
    ['StudyTime in UTC', 'StudyTime=0115&TimezoneOffsetFromUTC=%2B0000', [1]],
    ['StudyDate west of it', 'StudyDate=20200101&TimezoneOffsetFromUTC=-0500', [1]],
    ['PatientName, whatever its case', 'PatientName=kim^gildong', [1]],
    ['PatientName with a star', 'PatientName=KIM*', [1, 2]],
    ['PatientName, ideographic', 'PatientName=金*', [1]],
    ['PatientName, phonetic', 'PatientName=김^길동', [1]],
    ['PatientName by groups', 'PatientName=kim*=金*', [1]],
    ['PatientName by groups, one wrong', 'PatientName=kim*=李*', []],
    ['ReferringPhysicianName', 'ReferringPhysicianName=house*', [1]],
    ['ModalitiesInStudy', 'ModalitiesInStudy=PT', [2]],
    ['ModalitiesInStudy, either', 'ModalitiesInStudy=PT\\MR', [2, 3]],
    ['ModalitiesInStudy with a star', 'ModalitiesInStudy=C*', [1, 2]],
    ['StudyInstanceUID list', 'StudyInstanceUID=1.2.1,1.2.3', [1, 3]],
    ['StudyInstanceUID list of DIMSE', '0020000D=1.2.1\\1.2.3', [1, 3]],
    ['StudyInstanceUID is exact', 'StudyInstanceUID=1.2', []],
    ['StudyID', 'StudyID=S?', [1]],
    ['limit and offset', 'limit=1&offset=1', [2]],
    ['behind the end', 'offset=7', []],
  ])('%s', async (_title, query, numbers) => {
    const { json, answer } = await get(`/studies?${query}`)
    expect(answer.status).toBe(200)
    expect(uids(json, '0020000D')).toEqual(numbers.map((number) => `1.2.${number}`))
  })
})

describe('matching below studies', () => {
  test.each<[string, string, string, string[]]>([
    ['all series', '/series', '0020000E', ['1.2.1.1', '1.2.2.1', '1.2.2.2', '1.2.3.1']],
    ['series by study key', '/series?PatientID=LC00002', '0020000E', ['1.2.2.1', '1.2.2.2']],
    ['series by Modality', '/series?Modality=PT,MR', '0020000E', ['1.2.2.2', '1.2.3.1']],
    ['series of a study', '/studies/1.2.2/series', '0020000E', ['1.2.2.1', '1.2.2.2']],
    ['SeriesNumber', '/studies/1.2.2/series?SeriesNumber=02', '0020000E', ['1.2.2.2']],
    [
      'sequence matching by keyword',
      '/series?RequestAttributesSequence.ScheduledProcedureStepID=SPS-8',
      '0020000E',
      ['1.2.2.1', '1.2.2.2'],
    ],
    ['sequence matching by tag', '/series?00400275.00401001=RP-9', '0020000E', []],
    [
      'step date and time',
      '/series?PerformedProcedureStepStartDate=20210616&PerformedProcedureStepStartTime=-0002',
      '0020000E',
      ['1.2.2.1', '1.2.2.2'],
    ],
    [
      'instances of a series',
      '/studies/1.2.1/series/1.2.1.1/instances',
      '00080018',
      ['1.2.1.1.1', '1.2.1.1.2'],
    ],
    [
      'instances of a study',
      '/studies/1.2.2/instances?InstanceNumber=1',
      '00080018',
      ['1.2.2.1.1', '1.2.2.2.1'],
    ],
    [
      'all instances by keys of all levels',
      '/instances?PatientID=LC00002&Modality=PT&SOPInstanceUID=1.2.2.2.1',
      '00080018',
      ['1.2.2.2.1'],
    ],
    ['SOPClassUID', '/instances?SOPClassUID=1.2.3.4', '00080018', []],
    ['within a project', '/projects/lung/series?Modality=PT', '0020000E', ['1.2.2.2']],
  ])('%s', async (_title, path, tag, wanted) => {
    const { json, answer } = await get(path)
    expect(answer.status).toBe(200)
    expect(uids(json, tag).sort()).toEqual(wanted)
  })
})

describe('answers', () => {
  test('a study has what table 10.6.3-3 wants, in the order of tags', async () => {
    const { json, answer } = await get('/studies?StudyInstanceUID=1.2.2')
    expect(answer.headers.get('content-type')).toMatch(/^application\/dicom\+json/)
    expect(json[0]).toEqual({
      '00080020': { vr: 'DA', Value: ['20210615'] },
      '00080030': { vr: 'TM', Value: ['2359'] },
      '00080050': { vr: 'SH', Value: ['AX1'] },
      '00080056': { vr: 'CS', Value: ['ONLINE'] },
      '00080061': { vr: 'CS', Value: ['CT', 'PT'] },
      '00080090': { vr: 'PN' },
      '00081030': { vr: 'LO', Value: ['ChestXCT'] },
      '00081190': { vr: 'UR', Value: [`${api.url}/dicomweb/studies/1.2.2`] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Kimber^Ann' }] },
      '00100020': { vr: 'LO', Value: ['LC00002'] },
      '00100030': { vr: 'DA' },
      '00100040': { vr: 'CS' },
      '0020000D': { vr: 'UI', Value: ['1.2.2'] },
      '00200010': { vr: 'SH' },
      '00201206': { vr: 'IS', Value: [2] },
      '00201208': { vr: 'IS', Value: [4] },
    })
    expect(Object.keys(json[0] ?? {})).toEqual(Object.keys(json[0] ?? {}).sort())
  })

  test('a series found beside others tells its study; one below its study does not', async () => {
    const beside = await get('/series?SeriesInstanceUID=1.2.2.2')
    expect(beside.json[0]?.['00100020']).toEqual(lo('LC00002'))
    expect(beside.json[0]?.['00201209']).toEqual({ vr: 'IS', Value: [2] })
    const below = await get('/studies/1.2.2/series?SeriesInstanceUID=1.2.2.2')
    expect(below.json[0]?.['00100020']).toBeUndefined()
    expect(below.json[0]?.['00400275']?.Value).toHaveLength(2)
  })

  test.each([
    ['keyword', 'includefield=Rows', '00280010', true],
    ['tag', 'includefield=00280010', '00280010', true],
    ['several', 'includefield=Rows,InstanceNumber', '00200013', true],
    ['a path', 'includefield=RequestAttributesSequence.ScheduledProcedureStepID', '00400275', true],
    ['all', 'includefield=all', '00081030', true],
    ['none', '', '00081030', false],
  ])('includefield: %s', async (_title, query, tag, isThere) => {
    const { json } = await get(`/studies/1.2.2/instances?${query}`)
    expect(json.map((each) => tag in each)).toEqual([isThere, isThere, isThere, isThere])
  })

  test('what was asked is warned of: more results, names that are not matched fuzzily', async () => {
    const { answer, json } = await get('/studies?limit=2&fuzzymatching=true')
    expect(json).toHaveLength(2)
    const base = `299 ${api.url}/dicomweb`
    expect(answer.headers.get('warning')).toBe(
      `${base}: "The fuzzymatching parameter is not supported. Only literal matching has been ` +
        `performed.", ${base}: "There are additional results that can be requested"`,
    )
    expect((await get('/studies?limit=3')).answer.headers.get('warning')).toBeNull()
  })

  test.each([
    ['an unknown key', '/studies?Nonsense=1', {}, 400],
    ['a key of a lower level', '/studies?SOPInstanceUID=1.2', {}, 400],
    ['a bad date', '/studies?StudyDate=yesterday', {}, 400],
    ['a bad range', '/studies?StudyDate=20200101-20200102-20200103', {}, 400],
    ['a bad UID', '/studies?StudyInstanceUID=1.2*', {}, 400],
    ['a bad limit', '/studies?limit=-1', {}, 400],
    ['a bad zone', '/studies?TimezoneOffsetFromUTC=KST', {}, 400],
    ['a key twice', '/studies?PatientID=1&PatientID=2', {}, 400],
    ['includefield of nothing', '/studies?includefield=Nonsense', {}, 400],
    ['XML as a single part', '/studies?accept=application/dicom%2Bxml', { accept: '*/*' }, 406],
    ['CSV', '/studies', { accept: 'text/csv' }, 406],
    [
      'JSON last',
      '/studies',
      { accept: 'application/dicom+xml, application/dicom+json;q=0.1' },
      200,
    ],
    ['JSON refused', '/studies', { accept: 'application/dicom+json;q=0' }, 406],
    ['JSON by query', '/studies?accept=application/dicom%2Bjson', { accept: 'text/html' }, 200],
    ['an unknown study', '/studies/1.2.77/series', {}, 404],
    ["another project's study", '/studies/1.2.9/series', {}, 404],
    ["another project's study by key of one's own", '/projects/lung/studies/1.2.9/series', {}, 404],
    ['another project', '/projects/liver/studies', {}, 404],
    ['a project that is not there', '/projects/none/studies', {}, 404],
    ['a series of another study', '/studies/1.2.1/series/1.2.2.1/instances', {}, 404],
  ])('%s', async (_title, path, headers, status) => {
    expect((await get(path, 'reader', headers)).answer.status).toBe(status)
  })
})

describe('access', () => {
  test("a person sees the studies of all one's projects; a project those of its own", async () => {
    const all = await get('/studies', 'both')
    expect(uids(all.json, '0020000D')).toEqual(['1.2.1', '1.2.2', '1.2.3', '1.2.9'])
    const one = await get('/projects/liver/studies', 'both')
    expect(uids(one.json, '0020000D')).toEqual(['1.2.9'])
    expect(one.json[0]?.['00081190']?.Value).toEqual([
      `${api.url}/dicomweb/projects/liver/studies/1.2.9`,
    ])
    expect((await get('/studies', 'nobody')).json).toEqual([])
  })

  test('another study and none are the same answer', async () => {
    const [other, none] = await Promise.all([
      get('/studies/1.2.9/metadata'),
      get('/studies/1.2.77/metadata'),
    ])
    const bodyOf = ({ text }: { text: string }) => text.replace(/"traceId":"[^"]*"/, '')
    expect(other.answer.status).toBe(404)
    expect(bodyOf(other)).toBe(bodyOf(none))
  })
})

test('counts grow with what is added, and the metadata kept of a series with it', async () => {
  const path = '/studies/1.2.3/series/1.2.3.1'
  const before = await get(`${path}/metadata`)
  expect(before.json).toHaveLength(2)
  const same = await get(`${path}/metadata`, 'reader', {
    'if-none-match': before.answer.headers.get('etag') ?? '',
  })
  expect(same.answer.status).toBe(304)
  await archive('lung', [study(3, { '00100020': lo('LC00003') }, ['MR'], 5)])
  const after = await get(`${path}/metadata`)
  expect(uids(after.json, '00200013')).toEqual([1, 2, 3, 4, 5])
  expect(after.answer.headers.get('etag')).not.toBe(before.answer.headers.get('etag'))
  const [found] = (await get('/studies?PatientID=LC00003')).json
  expect(found?.['00201208']?.Value).toEqual([5])
})
