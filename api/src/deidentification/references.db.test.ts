/**
 * Objects that refer to images of somebody else (RELIABILITY F30): segmentations, reports and structure
 * sets that name another subject's instance, series or study are refused, those of the own are not.
 */
import { createHash } from 'node:crypto'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import {
  dataSet,
  type Element,
  readDicom,
  sequence,
  value,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { makePhantom } from '../../../test/phantom/index.ts'
import { startTestApi, type TestApi } from '../../../test/support/api.ts'
import { SOP_CLASSES } from '../../../test/support/sop-classes.ts'

const params = { projectKey: 'references' }
const STORE = 'archive.store'
const EXPLICIT = '1.2.840.10008.1.2.1'

let api: TestApi
let settings: Parameters<typeof deidentify>[1]
/** Identified: of the patient whose objects are judged, of one in the archive, of one in the same upload. */
let images: Record<'own' | 'archived' | 'uploaded', Uint8Array>

const data = () => api.as('data-manager')

beforeAll(async () => {
  api = await startTestApi({
    openLooker: () => ({
      corners: (_path, count) => Promise.resolve(Array.from({ length: count }, () => 'same')),
      look: (_path, frames) =>
        Promise.resolve({ kind: 'looked', frames: frames.map((frame) => ({ frame, boxes: [] })) }),
      close: () => Promise.resolve(),
    }),
  })
  await api.as('admin').createProject({
    params: {},
    body: {
      key: params.projectKey,
      nameEn: 'References',
      nameKo: '참조',
      pseudonymFormat: { prefix: 'LC', digits: 8 },
    },
  })
  await api.as('admin').putMember({
    params: { ...params, username: 'data-manager' },
    body: { roles: ['data-manager'] },
  })
  const given = await data().getDeidentificationKey({ params })
  settings = {
    profile: loadProfile(given.profile),
    vault: openVault(Buffer.from(given.keyBase64, 'base64'), given.pseudonymFormat),
  }
  const image = (seed: number) =>
    makePhantom({ seed, size: 16, slices: 1, patientId: `PATIENT-${seed}` }).files[0]?.bytes ??
    new Uint8Array()
  images = { own: image(1), archived: image(2), uploaded: image(3) }
  const { uploadParams } = await judged([images.archived])
  await api.runJob('deidentification.look', uploadParams)
  await data().decideQc({ params: uploadParams, body: { decision: 'approve' } })
  await api.runJob(STORE, uploadParams)
  expect(await data().getUpload({ params: uploadParams })).toMatchObject({ status: 'archived' })
}, 120_000)
afterAll(() => api.stop())

/** The code of each file's refusal, in their order; null where it passed. Files are de-identified before. */
async function judged(files: readonly Uint8Array[]) {
  const { id } = await data().createUpload({ params, body: {} })
  const uploadParams = { uploadId: id }
  const sha256s: string[] = []
  for (const file of files) {
    const bytes = Buffer.from(joinChunks(deidentify(file, settings).chunks))
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await data().putUploadFile({ params: { ...uploadParams, sha256 }, body: new Blob([bytes]) })
    sha256s.push(sha256)
  }
  await data().completeUpload({ params: uploadParams, body: { sha256s } })
  await api.runJob('deidentification.check', uploadParams)
  const rows = await api.app.db.many(
    z.object({ sha256: z.string(), code: z.string().nullable() }),
    'select sha256, refusal_code as code from upload_file where upload_id = $1',
    [id],
  )
  const codes = new Map(rows.map(({ sha256, code }) => [sha256, code]))
  return { uploadParams, codes: sha256s.map((sha256) => codes.get(sha256)) }
}

const uidOf = (bytes: Uint8Array, tag: string): string => {
  const element = readDicom(bytes).dataSet.get(tag)
  return element?.kind === 'value' ? Buffer.from(element.bytes).toString().replace(/\0$/, '') : ''
}
const namesOf = (bytes: Uint8Array) => ({
  study: uidOf(bytes, '0020000D'),
  series: uidOf(bytes, '0020000E'),
  instance: uidOf(bytes, '00080018'),
})
type Names = ReturnType<typeof namesOf>
const ELSEWHERE: Names = { study: '2.25.901', series: '2.25.902', instance: '2.25.903' }

let objects = 0
/** An object of the own patient that has the elements of its kind. */
function objectOf(sopClassUid: string, modality: string, elements: readonly Element[]): Uint8Array {
  objects += 1
  const { dataSet: image } = readDicom(images.own)
  const kept = [...image.values()].filter(({ tag }) => tag < '00180000')
  return writeDicom({
    transferSyntaxUid: EXPLICIT,
    dataSet: dataSet([
      ...kept,
      value('00080016', 'UI', sopClassUid),
      value('00080018', 'UI', `2.25.77${objects}`),
      value('00080060', 'CS', modality),
      value('0020000D', 'UI', uidOf(images.own, '0020000D')),
      value('0020000E', 'UI', `2.25.88${objects}`),
      ...elements,
    ]),
  })
}
const instanceItem = (uid: string) =>
  dataSet([value('00081150', 'UI', SOP_CLASSES.CT), value('00081155', 'UI', uid)])
const seriesItem = ({ series, instance }: Names, tag: string) =>
  dataSet([sequence(tag, [instanceItem(instance)]), value('0020000E', 'UI', series)])

const KINDS = {
  SEG: (of: Names) =>
    objectOf(SOP_CLASSES.SEG, 'SEG', [
      sequence('00081115', [seriesItem(of, '0008114A')]),
      value('00280002', 'US', 1),
      value('00280004', 'CS', 'MONOCHROME2'),
      value('00280008', 'IS', 1),
      value('00280010', 'US', 4),
      value('00280011', 'US', 4),
      value('00280100', 'US', 1),
      value('00280101', 'US', 1),
      value('00280102', 'US', 0),
      value('00280103', 'US', 0),
      value('00620001', 'CS', 'BINARY'),
      sequence('00620002', [dataSet([value('00620004', 'US', 1)])]),
      { kind: 'value', tag: '7FE00010', vr: 'OB', bytes: new Uint8Array(2) },
    ]),
  SR: (of: Names) =>
    objectOf(SOP_CLASSES.SR, 'SR', [
      sequence('0040A375', [
        dataSet([
          sequence('00081115', [seriesItem(of, '00081199')]),
          value('0020000D', 'UI', of.study),
        ]),
      ]),
    ]),
  RTSTRUCT: (of: Names) =>
    objectOf(SOP_CLASSES.RTSTRUCT, 'RTSTRUCT', [
      sequence('30060010', [
        dataSet([
          sequence('30060012', [
            dataSet([
              value('00081155', 'UI', of.study),
              sequence('30060014', [seriesItem(of, '30060016')]),
            ]),
          ]),
        ]),
      ]),
    ]),
} as const

const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[]
const LEVELS = ['instance', 'series', 'study'] as const
/** A segmentation names no study. */
const ROWS = kinds.flatMap((kind) =>
  LEVELS.filter((level) => kind !== 'SEG' || level !== 'study').map((level) => ({ kind, level })),
)
const naming = (bytes: Uint8Array) =>
  ROWS.map(({ kind, level }) => KINDS[kind]({ ...ELSEWHERE, [level]: namesOf(bytes)[level] }))

test('what names the own image, or what nobody knows, passes', async () => {
  const elsewhere = kinds.map((kind) => KINDS[kind](ELSEWHERE))
  const { codes } = await judged([images.own, ...naming(images.own), ...elsewhere])
  expect(codes).toEqual(codes.map(() => null))
})

test.each([
  ['archived', []],
  ['in the same upload', ['uploaded']],
] as const)('what names another subject’s, %s, is refused', async (_where, sent) => {
  const others = sent.map((name) => images[name])
  const { codes } = await judged([...others, ...naming(others[0] ?? images.archived)])
  const refused = ROWS.map((row, at) => ({ ...row, code: codes[at + others.length] }))
  expect(refused).toEqual(ROWS.map((row) => ({ ...row, code: 'DEID_REFERENCE_CONFLICT' })))
  expect(codes.slice(0, others.length)).toEqual(others.map(() => null))
  process.stdout.write(
    `F30: ${refused.length} objects that name another subject’s instance, series or study: all refused\n`,
  )
})
