import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDicom, toDicomJson } from '@pandok/anonymizer/dicom'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seriesGeometry } from './series-geometry.ts'
import type { ArchivedInstance, InstanceJson } from './store.ts'

const DATA = join(import.meta.dirname, '../../../../shared/data')
const AXIAL = [1, 0, 0, 0, 1, 0]

function instance(sopInstanceUid: string, metadata: InstanceJson): ArchivedInstance {
  return {
    studyInstanceUid: '2.25.1',
    seriesInstanceUid: '2.25.2',
    sopInstanceUid,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    modality: 'CT',
    sha256: '',
    bytes: 1,
    metadata,
    frames: [],
  }
}

/** An image of 4 × 3 pixels of 0.5 × 0.7 mm; `change` replaces or (undefined) removes attributes. */
function slice(
  position: readonly number[],
  change: Readonly<Record<string, readonly unknown[] | undefined>> = {},
): ArchivedInstance {
  const values: Record<string, readonly unknown[] | undefined> = {
    '00180050': [3],
    '00200032': position,
    '00200037': AXIAL,
    '00200052': ['2.25.3'],
    '00280010': [4],
    '00280011': [3],
    '00280030': [0.5, 0.7],
    ...change,
  }
  const metadata: InstanceJson = {}
  for (const [tag, value] of Object.entries(values)) {
    if (value !== undefined) metadata[tag] = { vr: 'DS', Value: [...value] }
  }
  return instance(`2.25.9${position.join('').replace(/\D/g, '')}`, metadata)
}

const at = (...zs: number[]) => zs.map((z) => slice([0, 0, z]))

/** Every file of a folder, as the archive would hold it. */
function realSeries(folder: string): ArchivedInstance[] {
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

describe('findings (PS3.3 C.7.6.2)', () => {
  const half = Math.SQRT1_2
  test.each<[string, ArchivedInstance[], string[]]>([
    ['regular → none', at(4, 0, 2, 6), []],
    ['one slice missing → gap', at(0, 2, 6, 8), ['GEOMETRY_GAP']],
    ['three missing → gap', at(0, 2, 4, 12), ['GEOMETRY_GAP']],
    ['a step of one and a half → irregular', at(0, 2, 5, 7), ['GEOMETRY_IRREGULAR_SPACING']],
    ['a shorter step → irregular', at(0, 2, 3, 5, 7), ['GEOMETRY_IRREGULAR_SPACING']],
    [
      'a gap and an odd step → both',
      at(0, 2, 4, 8, 11, 13),
      ['GEOMETRY_GAP', 'GEOMETRY_IRREGULAR_SPACING'],
    ],
    ['rounded positions → none', at(0, 1.99, 4.01, 6), []],
    ['one place twice → duplicate only', at(0, 2, 2, 4, 6), ['GEOMETRY_DUPLICATE_POSITION']],
    ['all at one place → duplicate', at(5, 5, 5), ['GEOMETRY_DUPLICATE_POSITION']],
    ['one slice', at(7), ['GEOMETRY_SINGLE_SLICE']],
    [
      'other direction',
      [...at(0, 2), slice([0, 0, 4], { '00200037': [1, 0, 0, 0, half, half] })],
      ['GEOMETRY_MIXED_ORIENTATION'],
    ],
    ['other rows', [...at(0, 2), slice([0, 0, 4], { '00280010': [5] })], ['GEOMETRY_MIXED_SIZE']],
    [
      'other pixel spacing',
      [...at(0, 2), slice([0, 0, 4], { '00280030': [0.5, 0.71] })],
      ['GEOMETRY_MIXED_SIZE'],
    ],
    [
      'other frame of reference',
      [...at(0, 2), slice([0, 0, 4], { '00200052': ['2.25.4'] })],
      ['GEOMETRY_MIXED_FRAME_OF_REFERENCE'],
    ],
    ['gantry tilt', [0, 2, 4].map((z) => slice([0, z * 0.2, z])), ['GEOMETRY_TILT']],
    [
      'one slice in the middle lies aside',
      [slice([0, 0, 0]), slice([0.4, 0, 2]), slice([0, 0, 4])],
      ['GEOMETRY_TILT'],
    ],
    ...['00200032', '00200037', '00280030', '00280010', '00280011', '00200052'].map(
      (tag): [string, ArchivedInstance[], string[]] => [
        `an instance without ${tag}`,
        [...at(0, 2, 4), slice([0, 0, 6], { [tag]: undefined })],
        ['GEOMETRY_MISSING'],
      ],
    ),
    [
      'directions that are no right angle',
      [...at(0, 2, 4), slice([0, 0, 6], { '00200037': [1, 0, 0, 1, 0, 0] })],
      ['GEOMETRY_MISSING'],
    ],
    [
      'an instance of many frames',
      [...at(0, 2, 4), slice([0, 0, 6], { '00280008': [2] })],
      ['GEOMETRY_MISSING'],
    ],
  ])('%s', (_name, instances, findings) => {
    const geometry = seriesGeometry(instances)
    expect(geometry?.findings).toEqual(findings)
    expect(geometry?.isVolume).toBe(findings.length === 0)
  })

  test('a series without any place in the patient has no geometry', () => {
    expect(seriesGeometry([])).toBeUndefined()
    expect(seriesGeometry([slice([0, 0, 0], { '00200032': undefined })])).toBeUndefined()
  })

  test('the first instance does not decide when it alone has no geometry', () => {
    const geometry = seriesGeometry([slice([0, 0, 9], { '00200037': undefined }), ...at(0, 2, 4)])
    expect(geometry?.sopInstanceUids).toHaveLength(3)
    expect(geometry?.findings).toEqual(['GEOMETRY_MISSING'])
  })
})

describe('values', () => {
  test('spacing is the usual step, sizes keep rows and columns apart', () => {
    expect(seriesGeometry(at(0, 2, 6, 8))).toMatchObject({
      sliceSpacingMm: 2,
      rows: 4,
      columns: 3,
      rowSpacingMm: 0.5,
      columnSpacingMm: 0.7,
      orientation: AXIAL,
      frameOfReferenceUid: '2.25.3',
    })
  })

  test('one slice takes its thickness for its spacing, and 1 mm without one', () => {
    expect(seriesGeometry(at(7))?.sliceSpacingMm).toBe(3)
    const bare = slice([0, 0, 0], { '00180050': undefined })
    expect(seriesGeometry([bare])?.sliceSpacingMm).toBe(1)
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
        const geometry = seriesGeometry(instances.toReversed())
        expect(geometry?.findings).toEqual([])
        expect(geometry?.sliceSpacingMm).toBeCloseTo(1.5, 6)
        expect(geometry?.sopInstanceUids).toEqual(instances.map((each) => each.sopInstanceUid))
      }),
    )
  })
})

describe.skipIf(!existsSync(DATA) && process.env['CI'] !== 'true')('real series', () => {
  test('the LIDC series is a volume of 1 mm steps', () => {
    const geometry = seriesGeometry(realSeries('lidc-idri-0314/CT_chest_40of275'))
    expect(geometry).toMatchObject({ isVolume: true, findings: [] })
    expect(geometry?.sopInstanceUids).toHaveLength(40)
    expect(geometry?.sliceSpacingMm).toBeCloseTo(1, 6)
  })

  // These files came without a Frame of Reference UID, which is Type 1 (PS3.3 C.7.4.1): as they are
  // they have no geometry. With one they are what their folder says.
  test.each([
    ['dicom2nifti/failing/gantrytilting/001', ['GEOMETRY_TILT']],
    [
      'dicom2nifti/failing/sliceorientation/001',
      ['GEOMETRY_MIXED_ORIENTATION', 'GEOMETRY_MIXED_SIZE'],
    ],
    ['dicom2nifti/ge/anatomical/001', []],
  ])('%s: %j', (folder, findings) => {
    const instances = realSeries(folder)
    expect(seriesGeometry(instances)).toBeUndefined()
    const referenced = instances.map((each) => ({
      ...each,
      metadata: { ...each.metadata, '00200052': { vr: 'UI', Value: ['2.25.3'] } },
    }))
    const geometry = seriesGeometry(referenced)
    expect(geometry?.sopInstanceUids).toHaveLength(4)
    expect(geometry?.findings).toEqual(findings)
  })
})
