import { getBytes, getNumbers, getString, readDicom } from '@pandok/anonymizer/dicom'
import { expect, test } from 'vitest'
import { makePhantom } from './index.ts'

const small = { seed: 4, size: 96, slices: 40 }

/** Stored pixels of every file, rescaled, slice after slice. */
function pixelsOf(files: ReturnType<typeof makePhantom>['files']): number[] {
  return files.flatMap(({ bytes }) => {
    const { dataSet } = readDicom(bytes)
    const pixels = getBytes(dataSet, '7FE00010') ?? new Uint8Array()
    const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.length)
    const [intercept = 0] = getNumbers(dataSet, '00281052')
    return Array.from({ length: pixels.length / 2 }, (_, at) => view.getUint16(at * 2, true)).map(
      (stored) => stored + intercept,
    )
  })
}

test('one seed gives the same bytes, another seed others', () => {
  const bytesOf = (seed: number) =>
    makePhantom({ seed, size: 48, slices: 6 }).files.map(({ bytes }) =>
      Buffer.from(bytes).toString('hex'),
    )
  expect(bytesOf(9)).toEqual(bytesOf(9))
  expect(bytesOf(9)[3]).not.toBe(bytesOf(10)[3])
})

test('the truth is what the files hold: voxels, positions, UIDs', () => {
  const { files, truth } = makePhantom(small)
  expect(pixelsOf(files)).toEqual([...truth.voxels])
  files.forEach(({ bytes }, k) => {
    const { dataSet } = readDicom(bytes)
    const position = getNumbers(dataSet, '00200032')
    truth.geometry.positions[k]?.forEach((part, axis) => {
      expect(position[axis]).toBeCloseTo(part, 6)
    })
    expect(getString(dataSet, '00080018')).toBe(truth.geometry.sopInstanceUids[k])
  })
})

test('a smooth nodule has the volume and the place that were asked for', () => {
  const nodule = { centreMm: [-70, 10, 3] as const, radiusMm: 12, spiculation: 0, segment: 2 }
  const options = { seed: 2, size: 256, slices: 24, sliceSpacingMm: 1.25, spacingMm: 1.25 }
  const { truth } = makePhantom({ ...options, nodules: [nodule] })
  const [found] = truth.nodules
  const ideal = (4 / 3) * Math.PI * 12 ** 3
  expect(Math.abs((found?.volumeMm3 ?? 0) / ideal - 1)).toBeLessThan(0.02)
  for (const diameter of found?.diametersMm ?? []) {
    expect(Math.abs(diameter - 24)).toBeLessThanOrEqual(2.5)
  }
  const { grid, mask, originMm } = truth
  const sum = [0, 0, 0]
  let count = 0
  mask.forEach((segment, at) => {
    if (segment !== 2) return
    count++
    const place = [at % 256, Math.floor(at / 256) % 256, Math.floor(at / 65_536)]
    const step = [grid.spacingMm, grid.spacingMm, grid.sliceSpacingMm]
    place.forEach((index, axis) => {
      sum[axis] = (sum[axis] ?? 0) + (originMm[axis] ?? 0) + index * (step[axis] ?? 0)
    })
  })
  nodule.centreMm.forEach((part, axis) => {
    expect((sum[axis] ?? 0) / count).toBeCloseTo(part, 0)
  })
})

test('the tumour of each seed lies in the lung, spikes and all', () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7]) {
    const options = { seed, size: 64, slices: 32, sliceSpacingMm: 3 }
    const without = makePhantom({ ...options, nodules: [] }).truth
    const { mask } = makePhantom(options).truth
    const under = [...mask].flatMap((segment, at) => (segment > 0 ? [without.voxels[at] ?? 0] : []))
    const lung = under.filter((value) => value < -500).length
    expect(under.length).toBeGreaterThan(50)
    // The rest are vessels and bronchi that run into it.
    expect(lung / under.length).toBeGreaterThan(0.75)
  }
})
