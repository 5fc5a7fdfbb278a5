/**
 * What we write, read by others: dciodvfy, pydicom and nibabel must find valid objects and the very
 * same voxels at the very same places, whatever the orientation of the slices.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { encodeNifti, encodeSegmentation } from '@pandok/api/releases/formats'
import type { SegmentLabel, SeriesGeometry } from '@pandok/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'

const isCi = process.env['CI'] === 'true'
const hasJudges =
  existsSync('/usr/bin/dciodvfy') && existsSync('/usr/lib/python3/dist-packages/nibabel')
const run = promisify(execFile)
const [ROWS, COLUMNS, SLICES] = [9, 7, 6]

const concept = (codeValue: string, codeMeaning: string) => ({
  codeValue,
  codingSchemeDesignator: 'SCT',
  codeMeaning,
})
const SEGMENTS: SegmentLabel[] = [1, 3].map((number) => ({
  number,
  labelEn: `Segment ${number}`,
  labelKo: `항목 ${number}`,
  category: concept('49755003', 'Morphologically Abnormal Structure'),
  type: concept('27925004', 'Nodule'),
  rgb: [200, 100, 50],
}))

/** Pixels are not square, and slices lie further apart than pixels. */
function geometryOf(orientation: SeriesGeometry['orientation']): SeriesGeometry {
  const [a, b, c, d, e, f] = orientation
  const [x, y, z] = [b * f - c * e, c * d - a * f, a * e - b * d]
  const slices = Array.from({ length: SLICES }, (_, k) => k)
  return {
    studyInstanceUid: '2.25.1',
    seriesInstanceUid: '2.25.2',
    frameOfReferenceUid: '2.25.3',
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    modality: 'CT',
    seriesDescription: null,
    sopInstanceUids: slices.map((k) => `2.25.10${k}`),
    rows: ROWS,
    columns: COLUMNS,
    rowSpacingMm: 0.8,
    columnSpacingMm: 0.6,
    sliceSpacingMm: 2.5,
    orientation,
    positions: slices.map((k) => [-10 + x * 2.5 * k, 20 + y * 2.5 * k, -30 + z * 2.5 * k]),
    findings: [],
    isVolume: true,
  }
}

/** Every voxel that is not background: [x, y, z, value], LPS mm. */
function pointsOf(g: SeriesGeometry, labelmap: Uint8Array): number[][] {
  const size = ROWS * COLUMNS
  return [...labelmap].flatMap((value, at) => {
    if (value === 0) return []
    const [k, j, i] = [Math.floor(at / size), Math.floor((at % size) / COLUMNS), at % COLUMNS]
    const place = [0, 1, 2].map(
      (axis) =>
        (g.positions[k]?.[axis] ?? 0) +
        (g.orientation[axis] ?? 0) * g.columnSpacingMm * i +
        (g.orientation[axis + 3] ?? 0) * g.rowSpacingMm * j,
    )
    return [[...place, value]]
  })
}

const sorted = (points: number[][]) =>
  points
    .map((each) => each.map((part) => (Math.round(part * 100) / 100 + 0).toFixed(2)).join(' '))
    .sort()

const READ_SEG = `
import sys, json, pydicom, numpy as np
d = pydicom.dcmread(sys.argv[1]); a = d.pixel_array
if a.ndim == 2: a = a[None]
s = d.SharedFunctionalGroupsSequence[0]
o = [float(v) for v in s.PlaneOrientationSequence[0].ImageOrientationPatient]
sp = [float(v) for v in s.PixelMeasuresSequence[0].PixelSpacing]
out = []
for n, f in enumerate(d.PerFrameFunctionalGroupsSequence):
    p = [float(v) for v in f.PlanePositionSequence[0].ImagePositionPatient]
    g = f.SegmentIdentificationSequence[0].ReferencedSegmentNumber
    v = int(d.SegmentSequence[g - 1].SegmentLabel.split()[1])
    for j, i in zip(*np.nonzero(a[n])):
        out.append([float(p[x] + o[x] * sp[1] * i + o[x + 3] * sp[0] * j) for x in range(3)] + [v])
print(json.dumps(out))`

const READ_NIFTI = `
import sys, json, nibabel as nib, numpy as np
n = nib.load(sys.argv[1]); a = np.asarray(n.dataobj)
assert np.allclose(n.get_qform(), n.get_sform(), atol=1e-3), 'qform and sform differ'
out = []
for i, j, k in zip(*np.nonzero(a)):
    x, y, z, _ = n.affine @ [i, j, k, 1]
    out.append([float(-x), float(-y), float(z), int(a[i, j, k])])
print(json.dumps(out))`

const s = Math.SQRT1_2
const ORIENTATIONS: [string, SeriesGeometry['orientation']][] = [
  ['axial', [1, 0, 0, 0, 1, 0]],
  ['axial from the head', [-1, 0, 0, 0, 1, 0]],
  ['sagittal', [0, 1, 0, 0, 0, -1]],
  ['oblique', [s, s, 0, 0, 0, -1]],
]

describe.skipIf(!hasJudges && !isCi)('read by others', { timeout: 60_000 }, () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pandok-judges-'))
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  const save = async (name: string, bytes: Uint8Array) => {
    const path = join(folder, name)
    await writeFile(path, bytes)
    return path
  }
  const python = async (script: string, path: string) =>
    JSON.parse((await run('/usr/bin/python3', ['-c', script, path])).stdout) as number[][]
  const errorsOf = async (path: string) => {
    const failed = (error: unknown) => error as { stdout: string; stderr: string }
    const { stdout, stderr } = await run('dciodvfy', [path]).catch(failed)
    return `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('Error'))
  }
  const segmentation = (geometry: SeriesGeometry, labelmap: Uint8Array) =>
    encodeSegmentation({
      geometry,
      labelmap,
      segments: SEGMENTS,
      source: { patientId: 'LC00001', studyDate: '20200101', studyTime: '101010' },
      uids: { series: '2.25.20', instance: '2.25.21', dimensionOrganization: '2.25.22' },
      contentDate: '20200101',
      contentTime: '101010',
    })

  test.each(ORIENTATIONS)('%s: SEG and NIfTI hold the same voxels', async (_name, orientation) => {
    const geometry = geometryOf(orientation)
    const labelmap = new Uint8Array(ROWS * COLUMNS * SLICES)
    const marks = [
      [0, 1],
      [64, 3],
      [65, 3],
      [200, 1],
      [377, 3],
      [150, 1],
    ] as const
    for (const [at, value] of marks) labelmap[at] = value
    const seg = await save('seg.dcm', segmentation(geometry, labelmap))
    expect(await errorsOf(seg)).toEqual([])
    expect(sorted(await python(READ_SEG, seg))).toEqual(sorted(pointsOf(geometry, labelmap)))
    const nifti = await save('mask.nii.gz', encodeNifti(geometry, labelmap))
    expect(sorted(await python(READ_NIFTI, nifti))).toEqual(sorted(pointsOf(geometry, labelmap)))
  })

  test('an empty segmentation is a valid object', async () => {
    const geometry = geometryOf([1, 0, 0, 0, 1, 0])
    const empty = new Uint8Array(ROWS * COLUMNS * SLICES)
    const seg = await save('empty.dcm', segmentation(geometry, empty))
    expect(await errorsOf(seg)).toEqual([])
    expect(await python(READ_SEG, seg)).toEqual([])
  })

  test('phantom images are valid, and stay so when de-identified', async () => {
    const [file] = makePhantom({ seed: 3, size: 64, slices: 2 }).files
    const bytes = file?.bytes ?? new Uint8Array()
    expect(await errorsOf(await save('phantom.dcm', bytes))).toEqual([])
    const vault = openVault(new Uint8Array(32).fill(1), { prefix: 'LC', digits: 5 })
    const clean = deidentify(bytes, { profile: loadProfile('research-longitudinal'), vault })
    expect(await errorsOf(await save('clean.dcm', joinChunks(clean.chunks)))).toEqual([])
  })
})
