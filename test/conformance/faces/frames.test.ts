/**
 * One head in every layout that frames come in: each is defaced alike. Where air is not in Hounsfield
 * units, what was cut off is the darkest that is displayed, never white.
 */
import { defaceFrame } from '@pandok/anonymizer'
import { type DataSet, dataSet, type Element, sequence, value } from '@pandok/anonymizer/dicom'
import { describe, expect, test } from 'vitest'
import { faceOf, type Modality, type Scan, type Slice, scanHead } from './head.ts'

type Shape = Parameters<typeof defaceFrame>[3]

const SCAN: Omit<Scan, 'modality' | 'plane'> = { pixelMm: 3, sliceMm: 12, tilt: 0, seed: 4 }

/** At the height of the nose. */
function slice(modality: Modality, plane: Scan['plane'] = 'axial'): Slice {
  const slices = scanHead(faceOf(2), { ...SCAN, modality, plane })
  const [cut] = slices
    .map((each) => ({ each, area: each.brain.reduce((sum, at) => sum + at, 0) }))
    .filter(({ area }) => area > 900)
  if (cut === undefined) throw new Error('no slice')
  return cut.each
}

const shapeOf = ({ rows, columns }: Slice, more: Partial<Shape> = {}): Shape => ({
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
  ...more,
})

const samplesOf = (bytes: Uint8Array, isSigned = false) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 2 }, (_, at) =>
    isSigned ? view.getInt16(2 * at, true) : view.getUint16(2 * at, true),
  )
}

const bytesOf = (samples: readonly number[]) => {
  const bytes = new Uint8Array(2 * samples.length)
  const view = new DataView(bytes.buffer)
  samples.forEach((sample, at) => view.setInt16(2 * at, sample, true))
  return bytes
}

/** Where a sample is not what it was. */
const cutOf = (before: readonly number[], after: readonly number[]) =>
  before.map((sample, at) => (after[at] === sample ? 0 : 1))

const replaced = (header: readonly Element[], ...more: Element[]): DataSet =>
  dataSet([...header.filter(({ tag }) => !more.some((each) => each.tag === tag)), ...more])

const plain = (modality: Modality, plane: Scan['plane'] = 'axial') => {
  const source = slice(modality, plane)
  const before = samplesOf(source.bytes)
  const after = samplesOf(defaceFrame(dataSet(source.header), 1, source.bytes, shapeOf(source)))
  return { source, before, after, cut: cutOf(before, after) }
}

const share = (cut: readonly number[]) => cut.reduce((sum, each) => sum + each, 0) / cut.length
/** The share of `cut` that the other cuts as well. */
const shared = (cut: readonly number[], other: readonly number[]) =>
  cut.reduce((sum, each, at) => sum + each * (other[at] ?? 0), 0) /
  cut.reduce((sum, each) => sum + each, 0)

describe('a face is taken off', () => {
  test('at all: in CT and in MR', () => {
    expect(share(plain('CT').cut)).toBeGreaterThan(0.05)
    expect(share(plain('MR').cut)).toBeGreaterThan(0.05)
  })

  test('signed samples: the same place, air at -1000 HU', () => {
    const { source, before, cut } = plain('CT')
    const shift = (sample: number) => sample - 1024
    const header = replaced(source.header, value('00281052', 'DS', 0))
    const shape = shapeOf(source, { isSigned: true })
    const after = samplesOf(defaceFrame(header, 1, bytesOf(before.map(shift)), shape), true)
    expect(cutOf(before.map(shift), after)).toEqual(cut)
    const values = new Set(after.filter((_, at) => cut[at] === 1))
    expect([...values]).toEqual([-1000])
  })

  test('8 bits: the same place, the darkest value', () => {
    const { source, before, cut } = plain('MR')
    const most = Math.max(...before)
    const bytes = Uint8Array.from(before, (sample) => 5 + Math.round((240 * sample) / most))
    const shape = shapeOf(source, { bitsAllocated: 8, bitsStored: 8, highBit: 7 })
    const after = defaceFrame(dataSet(source.header), 1, bytes, shape)
    const found = cutOf([...bytes], [...after])
    expect(shared(found, cut)).toBeGreaterThan(0.99)
    expect(new Set(after.filter((_, at) => found[at] === 1))).toEqual(
      new Set([bytes.reduce((a, b) => Math.min(a, b))]),
    )
  })

  test('MONOCHROME1: the same place, the greatest value, which is black', () => {
    const { source, before, after, cut } = plain('MR')
    const invert = (sample: number) => 4095 - sample
    const shape = shapeOf(source, {
      photometricInterpretation: 'MONOCHROME1',
      bitsStored: 12,
      highBit: 11,
    })
    const inverted = samplesOf(
      defaceFrame(dataSet(source.header), 1, bytesOf(before.map(invert)), shape),
    )
    expect(inverted).toEqual(after.map(invert))
    const values = new Set(inverted.filter((_, at) => cut[at] === 1))
    expect([...values]).toEqual([Math.max(...before.map(invert))])
  })

  test.each([
    ['from the left to the right', true, false],
    ['from the back to the front', false, true],
    ['both', true, true],
  ])('mirrored, %s: the same anatomy', (_title, isAcross, isAlong) => {
    const { source, before, after } = plain('CT')
    const { rows, columns } = source
    const mirror = (samples: readonly number[]) =>
      samples.map((_, at) => {
        const [row, column] = [Math.floor(at / columns), at % columns]
        const from = (isAlong ? rows - 1 - row : row) * columns
        return samples[from + (isAcross ? columns - 1 - column : column)] ?? 0
      })
    const orientation = [isAcross ? -1 : 1, 0, 0, 0, isAlong ? -1 : 1, 0]
    const header = replaced(source.header, value('00200037', 'DS', orientation))
    const found = samplesOf(defaceFrame(header, 1, bytesOf(mirror(before)), shapeOf(source)))
    const [ours, theirs] = [cutOf(mirror(before), found), cutOf(mirror(before), mirror(after))]
    // Bins of lines begin at the first pixel, so a border may move by a pixel.
    expect(shared(ours, theirs)).toBeGreaterThan(0.97)
    expect(shared(theirs, ours)).toBeGreaterThan(0.97)
  })

  test('enhanced multi-frame: each frame by its own functional groups', () => {
    const frames = (['axial', 'sagittal'] as const).map((plane) => ({
      plane,
      ...plain('CT', plane),
    }))
    const find = (header: readonly Element[], tag: string) => {
      const element = header.find((each) => each.tag === tag)
      if (element === undefined) throw new Error(`no (${tag})`)
      return element
    }
    const [first] = frames
    if (first === undefined) throw new Error('no frame')
    const { header } = first.source
    const shape = shapeOf(first.source)
    const enhanced = dataSet([
      value('00080060', 'CS', 'CT'),
      sequence('52009229', [
        dataSet([
          sequence('00289110', [dataSet([find(header, '00280030')])]),
          sequence('00289145', [dataSet(['00281052', '00281053'].map((tag) => find(header, tag)))]),
        ]),
      ]),
      sequence(
        '52009230',
        frames.map(({ source }) =>
          dataSet([sequence('00209116', [dataSet([find(source.header, '00200037')])])]),
        ),
      ),
    ])
    frames.forEach(({ source, after, cut }, at) => {
      expect(share(cut)).toBeGreaterThan(0.05)
      const found = samplesOf(defaceFrame(enhanced, at + 1, source.bytes, shape))
      expect(found).toEqual(after)
    })
  })
})
