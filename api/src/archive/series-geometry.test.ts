import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDicom, toDicomJson } from '@pandok/anonymizer/dicom'
import { SeriesFinding } from '@pandok/contract'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { InstanceJson } from './instance-json.ts'
import { planesOf } from './planes.ts'
import { judgeSeries, type SeriesInstance } from './series-geometry.ts'

const DATA = join(import.meta.dirname, '../../../../shared/data')
const AXIAL = [1, 0, 0, 0, 1, 0]
const CT = '1.2.840.10008.5.1.4.1.1.2'
const RADIOGRAPH = '1.2.840.10008.5.1.4.1.1.1.1'
const SEGMENTATION = '1.2.840.10008.5.1.4.1.1.66.4'

function instance(
  sopInstanceUid: string,
  metadata: InstanceJson,
  sopClassUid: string = CT,
): SeriesInstance {
  return {
    studyInstanceUid: '2.25.1',
    seriesInstanceUid: '2.25.2',
    seriesDescription: null,
    sopInstanceUid,
    sopClassUid,
    modality: 'CT',
    planes: planesOf(metadata),
  }
}

type Values = Readonly<Record<string, readonly unknown[] | undefined>>

function json(values: Values): InstanceJson {
  const metadata: InstanceJson = {}
  for (const [tag, value] of Object.entries(values)) {
    if (value !== undefined) metadata[tag] = { vr: 'DS', Value: [...value] }
  }
  return metadata
}

/** An image of 4 × 3 pixels of 0.8 × 0.9 mm; `change` replaces or (undefined) removes attributes. */
function slice(position: readonly number[], change: Values = {}): SeriesInstance {
  return instance(
    `2.25.9${position.join('').replace(/\D/g, '')}`,
    json({
      '00180050': [3],
      '00200032': position,
      '00200037': AXIAL,
      '00200052': ['2.25.3'],
      '00280010': [4],
      '00280011': [3],
      '00280030': [0.8, 0.9],
      ...change,
    }),
  )
}

const at = (...zs: number[]) => zs.map((z) => slice([0, 0, z]))

/** The same places again, each time with another value. */
const repeated = (tag: string, values: readonly unknown[], ...zs: number[]) =>
  values.flatMap((value) => zs.map((z) => slice([0, 0, z], { [tag]: [value] })))

/** Frames at these places, in groups of their own; spacing and direction are shared. */
function enhanced(zs: readonly number[], own: (at: number) => Values = () => ({})): SeriesInstance {
  return instance(
    '2.25.8',
    json({
      '00200052': ['2.25.3'],
      '00280008': [zs.length],
      '00280010': [4],
      '00280011': [3],
      '52009229': [
        json({
          '00209116': [json({ '00200037': AXIAL })],
          '00289110': [json({ '00280030': [0.5, 0.7], '00180050': [3] })],
        }),
      ],
      '52009230': zs.map((z, frame) =>
        json({ '00209113': [json({ '00200032': [0, 0, z] })], ...own(frame) }),
      ),
    }),
  )
}

/** Every file of a folder, as the archive would hold it. */
function realSeries(folder: string): SeriesInstance[] {
  const path = join(DATA, folder)
  return readdirSync(path).map((name) => {
    const metadata = toDicomJson(readDicom(readFileSync(join(path, name))).dataSet)
    // The JSON of the database: what is there is parsed anew.
    return instance(
      String(metadata['00080018']?.Value?.[0]),
      JSON.parse(JSON.stringify(metadata)) as InstanceJson,
    )
  })
}

/** Without severity, which goes with the code. */
function findingsOf(instances: readonly SeriesInstance[]) {
  return judgeSeries(instances).findings.map(({ severity: _severity, ...finding }) => finding)
}

describe('findings (PS3.3 C.7.6.2)', () => {
  const half = Math.SQRT1_2
  const duplicate = { code: 'DUPLICATE_POSITION', positions: 1, planes: 1 }
  const missing = (...attributes: string[]) => ({ code: 'MISSING_PLANE', planes: 1, attributes })
  const gap = { code: 'GAP', gaps: 1, count: 1, afterMm: 2, largestMm: 4, expectedMm: 2 }
  test.each<[string, SeriesInstance[], object[]]>([
    ['regular → none', at(4, 0, 2, 6), []],
    ['one slice missing', at(0, 2, 6, 8), [gap]],
    ['three missing', at(0, 2, 4, 12), [{ ...gap, count: 3, afterMm: 4, largestMm: 8 }]],
    ['two gaps', at(0, 2, 6, 8, 10, 16), [{ ...gap, gaps: 2, count: 3, largestMm: 6 }]],
    [
      'a step of one and a half',
      at(0, 2, 5, 7),
      [{ code: 'IRREGULAR_SPACING', steps: 1, leastMm: 3, mostMm: 3, expectedMm: 2 }],
    ],
    [
      'a shorter step',
      at(0, 2, 3, 5, 7),
      [{ code: 'IRREGULAR_SPACING', steps: 1, leastMm: 1, mostMm: 1, expectedMm: 2 }],
    ],
    [
      'a gap and an odd step',
      at(0, 2, 4, 8, 11, 13),
      [
        { ...gap, afterMm: 4 },
        { code: 'IRREGULAR_SPACING', steps: 1, leastMm: 3, mostMm: 3, expectedMm: 2 },
      ],
    ],
    ['rounded positions → none', at(0, 1.99, 4.01, 6), []],
    ['one place twice', at(0, 2, 2, 4, 6), [duplicate]],
    ['all at one place', at(5, 5, 5), [{ ...duplicate, planes: 2 }]],
    ['one slice', at(7), [{ code: 'SINGLE_SLICE' }]],
    [
      'other direction',
      [...at(0, 2), slice([0, 0, 4], { '00200037': [1, 0, 0, 0, half, half] })],
      [{ code: 'MIXED_ORIENTATION', orientations: 2, degrees: 45 }],
    ],
    [
      'other rows',
      [...at(0, 2), slice([0, 0, 4], { '00280010': [5] })],
      [
        {
          code: 'MIXED_SIZE',
          sizes: [
            { rows: 4, columns: 3, planes: 2 },
            { rows: 5, columns: 3, planes: 1 },
          ],
        },
      ],
    ],
    [
      'other pixel spacing',
      [...at(0, 2), slice([0, 0, 4], { '00280030': [0.8, 0.91] })],
      [{ code: 'MIXED_PIXEL_SPACING', spacings: 2, leastMm: 0.8, mostMm: 0.91 }],
    ],
    [
      'other frame of reference',
      [...at(0, 2), slice([0, 0, 4], { '00200052': ['2.25.4'] })],
      [{ code: 'MIXED_FRAME_OF_REFERENCE', frames: 2 }],
    ],
    [
      'gantry tilt',
      [0, 2, 4].map((z) => slice([0, z * Math.tan(Math.PI / 12), z])),
      [{ code: 'TILT', degrees: 15 }],
    ],
    [
      'one slice in the middle lies aside',
      [slice([0, 0, 0]), slice([0.4, 0, 2]), slice([0, 0, 4])],
      [{ code: 'SHIFTED', planes: 1, mostMm: 0.4 }],
    ],
    [
      'a tilt, and one slice aside of it',
      [0, 2, 4, 6].map((z) => slice([z === 4 ? 0.5 : 0, z * 0.2, z])),
      [
        { code: 'TILT', degrees: 11.31 },
        { code: 'SHIFTED', planes: 1, mostMm: 0.5 },
      ],
    ],
    [
      'thick slices',
      at(0, 5, 10),
      [{ code: 'ANISOTROPY', ratio: 6.3, shortestMm: 0.8, longestMm: 5 }],
    ],
    ...(
      [
        ['00200032', 'ImagePositionPatient'],
        ['00200037', 'ImageOrientationPatient'],
        ['00280030', 'PixelSpacing'],
        ['00280010', 'Rows'],
        ['00280011', 'Columns'],
        ['00200052', 'FrameOfReferenceUID'],
      ] as const
    ).map(([tag, keyword]): [string, SeriesInstance[], object[]] => [
      `an instance without ${keyword}`,
      [...at(0, 1, 2), slice([0, 0, 3], { [tag]: undefined })],
      [missing(keyword)],
    ]),
    [
      'directions that are no right angle',
      [...at(0, 1, 2), slice([0, 0, 3], { '00200037': [1, 0, 0, 1, 0, 0] })],
      [missing('ImageOrientationPatient')],
    ],
    [
      'a classic image of two frames: nothing says where they lie (C.7.6.6)',
      [...at(0, 1, 2), slice([0, 0, 3], { '00280008': [2] })],
      [
        { ...missing('ImagePositionPatient'), planes: 2 },
        { code: 'MULTI_FRAME', instances: 1, frames: 2 },
      ],
    ],
  ])('%s', (_name, instances, findings) => {
    const judged = judgeSeries(instances)
    expect(findingsOf(instances)).toEqual(findings)
    expect(judged.findings.every((each) => SeriesFinding.safeParse(each).success)).toBe(true)
    const isBlocked = judged.findings.some(({ severity }) => severity === 'blocks-volume')
    expect(judged.geometry?.isVolume).toBe(!isBlocked)
  })

  test.each<[string, SeriesInstance[], object[]]>([
    [
      'two echoes',
      repeated('00180081', [10, 80], 0, 1, 2),
      [{ code: 'SEVERAL_VOLUMES', volumes: 2, by: ['echo'], incomplete: 0 }],
    ],
    [
      'three b-values, of which one place lacks one',
      repeated('00189087', [0, 500, 1000], 0, 1, 2).slice(0, -1),
      [{ code: 'SEVERAL_VOLUMES', volumes: 3, by: ['b-value'], incomplete: 1 }],
    ],
    [
      'phases of the heart by trigger time',
      repeated('00181060', [0, 40, 80], 0, 1),
      [{ code: 'SEVERAL_VOLUMES', volumes: 3, by: ['phase'], incomplete: 0 }],
    ],
    [
      'echoes, each as magnitude and phase: neither tells them apart alone',
      [10, 80].flatMap((echo) =>
        ['M', 'P'].flatMap((kind) =>
          [0, 1].map((z) => slice([0, 0, z], { '00180081': [echo], '00080008': [kind] })),
        ),
      ),
      [{ code: 'SEVERAL_VOLUMES', volumes: 4, by: ['echo', 'image-type'], incomplete: 0 }],
    ],
    [
      'the same echo twice is a duplicate',
      repeated('00180081', [10, 10], 0, 1),
      [{ code: 'DUPLICATE_POSITION', positions: 2, planes: 2 }],
    ],
    [
      'a gap is one in every volume',
      repeated('00200100', [1, 2], 0, 1, 3, 4),
      [
        { code: 'SEVERAL_VOLUMES', volumes: 2, by: ['time'], incomplete: 0 },
        { code: 'GAP', gaps: 1, count: 1, afterMm: 1, largestMm: 2, expectedMm: 1 },
      ],
    ],
  ])('more than one volume: %s', (_name, instances, findings) => {
    expect(findingsOf(instances)).toEqual(findings)
  })

  const frames = (count: number) => ({ code: 'MULTI_FRAME', instances: 1, frames: count })
  test.each<[string, SeriesInstance[], object[]]>([
    ['regular', [enhanced([0, 1, 2])], [frames(3)]],
    [
      'a gap',
      [enhanced([0, 1, 3, 4])],
      [{ code: 'GAP', gaps: 1, count: 1, afterMm: 1, largestMm: 2, expectedMm: 1 }, frames(4)],
    ],
    [
      'times by Temporal Position Index',
      [enhanced([0, 1, 0, 1], (at) => ({ '00209111': [json({ '00209128': [at >> 1] })] }))],
      [{ code: 'SEVERAL_VOLUMES', volumes: 2, by: ['time'], incomplete: 0 }, frames(4)],
    ],
    [
      'diffusion directions, two sequences deep',
      [
        enhanced([0, 0], (at) => ({
          '00209117': undefined,
          '00189117': [json({ '00189076': [json({ '00189089': [at, 1 - at, 0] })] })],
        })),
      ],
      [
        { code: 'SEVERAL_VOLUMES', volumes: 2, by: ['diffusion-direction'], incomplete: 0 },
        frames(2),
      ],
    ],
    [
      "a frame's own direction counts before the shared one",
      [
        enhanced([0, 1], (at) =>
          at === 0 ? {} : { '00209116': [json({ '00200037': [0, 1, 0, 0, 0, 1] })] },
        ),
      ],
      [{ code: 'MIXED_ORIENTATION', orientations: 2, degrees: 90 }, frames(2)],
    ],
  ])('functional groups (C.7.6.16): %s', (_name, instances, findings) => {
    expect(findingsOf(instances)).toEqual(findings)
  })

  test('what claims no place in the patient has no geometry, and that is no finding', () => {
    expect(judgeSeries([])).toMatchObject({ findings: [], geometry: undefined })
    const bare = json({ '00280010': [4], '00280011': [3] })
    expect(judgeSeries([instance('2.25.7', bare, RADIOGRAPH)]).findings).toEqual([])
    expect(judgeSeries([instance('2.25.7', json({}))]).findings).toEqual([])
    expect(judgeSeries([instance('2.25.7', bare)]).findings).toMatchObject([
      { code: 'MISSING_PLANE', planes: 1 },
    ])
  })

  test('a segmentation lies where its image does: its gaps are no finding', () => {
    const frames = enhanced([0, 1, 5])
    expect(judgeSeries([{ ...frames, sopClassUid: SEGMENTATION }]).findings).toEqual([])
  })

  test('the first instance does not decide when it alone has no geometry', () => {
    const { geometry } = judgeSeries([slice([0, 0, 9], { '00200037': undefined }), ...at(0, 1, 2)])
    expect(geometry?.sopInstanceUids).toHaveLength(3)
    expect(geometry?.findings).toMatchObject([{ code: 'MISSING_PLANE' }])
  })
})

const geometryOf = (instances: readonly SeriesInstance[]) => judgeSeries(instances).geometry

describe('values', () => {
  test('spacing is the usual step, sizes keep rows and columns apart', () => {
    expect(geometryOf(at(0, 2, 6, 8))).toMatchObject({
      sliceSpacingMm: 2,
      rows: 4,
      columns: 3,
      rowSpacingMm: 0.8,
      columnSpacingMm: 0.9,
      orientation: AXIAL,
      frameOfReferenceUid: '2.25.3',
    })
  })

  test('one slice takes its thickness for its spacing, and 1 mm without one', () => {
    expect(geometryOf(at(7))?.sliceSpacingMm).toBe(3)
    const bare = slice([0, 0, 0], { '00180050': undefined })
    expect(geometryOf([bare])?.sliceSpacingMm).toBe(1)
  })

  test('whatever the direction and order, slices ascend along row × column', () => {
    const angle = fc.double({ min: -Math.PI, max: Math.PI, noNaN: true })
    fc.assert(
      fc.property(angle, angle, fc.integer({ min: 2, max: 9 }), (a, b, count) => {
        const row = [Math.cos(a), Math.sin(a), 0]
        const column = [-Math.sin(a) * Math.cos(b), Math.cos(a) * Math.cos(b), Math.sin(b)]
        const normal = [Math.sin(a) * Math.sin(b), -Math.cos(a) * Math.sin(b), Math.cos(b)]
        const instances = Array.from({ length: count }, (_, k) => {
          const position = normal.map((part) => part * k * 1.5 - 20)
          return {
            ...slice(position, { '00200037': [...row, ...column] }),
            sopInstanceUid: `2.25.${k}`,
          }
        })
        const geometry = geometryOf(instances.toReversed())
        expect(geometry?.isVolume).toBe(true)
        expect(geometry?.sliceSpacingMm).toBeCloseTo(1.5, 6)
        expect(geometry?.sopInstanceUids).toEqual(instances.map((each) => each.sopInstanceUid))
      }),
    )
  })
})

describe.skipIf(!existsSync(DATA) && process.env['CI'] !== 'true')('real series', () => {
  test('the LIDC series is a volume of 1 mm steps', () => {
    const { geometry } = judgeSeries(realSeries('lidc-idri-0314/CT_chest_40of275'))
    expect(geometry).toMatchObject({ isVolume: true, findings: [] })
    expect(geometry?.sopInstanceUids).toHaveLength(40)
    expect(geometry?.sliceSpacingMm).toBeCloseTo(1, 6)
  })

  // These files came without a Frame of Reference UID, which is Type 1 (PS3.3 C.7.4.1): they are no
  // geometry to mark in, and what else is odd about them is said all the same.
  const unnamed = { code: 'MISSING_PLANE', planes: 4, attributes: ['FrameOfReferenceUID'] }
  test.each([
    ['dicom2nifti/failing/gantrytilting/001', [{ code: 'TILT', degrees: 14 }]],
    [
      'dicom2nifti/failing/sliceorientation/001',
      [{ code: 'MIXED_ORIENTATION' }, { code: 'MIXED_PIXEL_SPACING' }],
    ],
    ['dicom2nifti/ge/anatomical/001', []],
  ])('%s: %j', (folder, findings) => {
    const { geometry, ...judged } = judgeSeries(realSeries(folder))
    expect(geometry).toBeUndefined()
    expect(judged.slices).toBe(4)
    expect(judged.findings.filter(({ severity }) => severity !== 'warns')).toMatchObject([
      unnamed,
      ...findings,
    ])
  })
})
