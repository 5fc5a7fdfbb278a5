/**
 * Defacing takes the identity and leaves the brain: heads that differ in their faces only are sliced,
 * defaced slice by slice, looked at from the front, and searched for among the originals.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaceFrame } from '@pandok/anonymizer'
import { dataSet } from '@pandok/anonymizer/dicom'
import { describe, expect, test } from 'vitest'
import { faceOf, type Scan, type Slice, scanHead } from './head.ts'
import { correlation, facialLines, featuresOf, identified, renderFront } from './render.ts'

const IDENTITIES = 10
const identities = Array.from({ length: IDENTITIES }, (_, at) => at)

function deface({ header, rows, columns, bytes }: Slice): Uint8Array {
  return defaceFrame(dataSet(header), 1, bytes, {
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

const scans: readonly (readonly [string, Omit<Scan, 'seed'>])[] = [
  ['CT axial', { modality: 'CT', plane: 'axial', pixelMm: 2.5, sliceMm: 4, tilt: 0 }],
  ['CT axial, tilted', { modality: 'CT', plane: 'axial', pixelMm: 3, sliceMm: 5, tilt: 18 }],
  ['MR axial, tilted', { modality: 'MR', plane: 'axial', pixelMm: 3, sliceMm: 5, tilt: -15 }],
  ['MR sagittal', { modality: 'MR', plane: 'sagittal', pixelMm: 2.5, sliceMm: 4, tilt: 0 }],
  ['MR sagittal, tilted', { modality: 'MR', plane: 'sagittal', pixelMm: 3, sliceMm: 5, tilt: 12 }],
]

describe('a face that was rendered', () => {
  test.each(scans)('%s', (name, scan) => {
    let [brain, untouched] = [0, 0]
    const maps = identities.map((identity) => {
      const face = faceOf(identity)
      const slices = scanHead(face, { ...scan, seed: identity + 1 })
      const again = scanHead(face, { ...scan, seed: identity + 1001 })
      const defaced = slices.map((slice) => deface(slice))
      slices.forEach((slice, k) => {
        const after = defaced[k] ?? new Uint8Array()
        for (let at = 0; at < slice.brain.length; at++) {
          const isSame =
            slice.bytes[2 * at] === after[2 * at] && slice.bytes[2 * at + 1] === after[2 * at + 1]
          if (slice.brain[at] !== 1) continue
          brain++
          if (isSame) untouched++
        }
      })
      const render = (stack: readonly Slice[], frames: readonly Uint8Array[]) =>
        renderFront(stack, frames, scan)
      return {
        original: render(
          slices,
          slices.map(({ bytes }) => bytes),
        ),
        rescan: render(
          again,
          again.map(({ bytes }) => bytes),
        ),
        defaced: render(slices, defaced),
      }
    })
    const lines = facialLines(
      maps.map(({ original }) => original),
      1,
    )
    // The gallery is of other scans: where pixels fall must not give anybody away.
    const gallery = featuresOf(
      maps.map(({ rescan }) => rescan),
      lines,
    )
    const before = identified(
      gallery,
      featuresOf(
        maps.map(({ original }) => original),
        lines,
      ),
    )
    const left = featuresOf(
      maps.map(({ defaced }) => defaced),
      lines,
    )
    const after = identified(gallery, left)
    // Who knows how the cut works may look for the least alike instead: above chance, by what was
    // measured (docs/decisions/0012), so it is printed and not promised.
    const reverse = identified(
      gallery,
      left.map((each) => each.map((depth) => -depth)),
    )
    const alike = gallery.reduce((sum, each, at) => sum + correlation(each, left[at] ?? each), 0)
    const mean = alike / IDENTITIES
    const kept = untouched / brain
    process.stdout.write(
      `faces: ${name}: identified among ${IDENTITIES}: ${percent(before)} before, ` +
        `${percent(after)} after, by the least alike ${percent(reverse)} ` +
        `(chance ${percent(1 / IDENTITIES)}); ` +
        `correlation of the relief ${mean.toFixed(2)}; brain untouched ${percent(kept)}\n`,
    )
    drawn(name, maps[3])
    expect(before).toBeGreaterThanOrEqual(0.9)
    expect(after).toBeLessThanOrEqual(2 / IDENTITIES)
    expect(mean).toBeLessThan(0.15)
    expect(kept).toBeGreaterThan(0.9)
  })
})

describe('a face that cannot be taken off', () => {
  const scan: Scan = { modality: 'MR', plane: 'axial', pixelMm: 4, sliceMm: 90, tilt: 0, seed: 1 }
  const without = (slice: Slice, tag: string): Slice => ({
    ...slice,
    header: slice.header.filter((element) => element.tag !== tag),
  })
  const middle = (plane: Scan['plane'], tilt = 0) => {
    const slice = scanHead(faceOf(0), { ...scan, plane, tilt })[1]
    if (slice === undefined) throw new Error('no slice')
    return slice
  }
  test.each([
    ['coronal', middle('coronal'), 'the plane is coronal: the face lies in other instances too'],
    ['oblique', middle('axial', 45), 'the plane is oblique: the face lies in other instances too'],
    ['no orientation', without(middle('axial'), '00200037'), 'the plane of the frame is not known'],
    ['no spacing', without(middle('axial'), '00280030'), 'the plane of the frame is not known'],
  ])('%s', (_title, slice, detail) => {
    expect(() => deface(slice)).toThrow(`DEID_FACE: it cannot be defaced: ${detail}`)
  })
})

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

type Maps = Readonly<
  Record<'original' | 'defaced', { width: number; height: number; depths: Float64Array }>
>

/** On demand: the front before and after, as grey maps. */
function drawn(name: string, maps: Maps | undefined): void {
  const directory = process.env['PANDOK_PICTURES']
  if (directory === undefined || maps === undefined) return
  const { width, height } = maps.original
  const rows = [maps.original, maps.defaced].flatMap(({ depths }) =>
    Array.from(depths, (depth) => (Number.isNaN(depth) ? 0 : Math.max(0, 255 - 1.6 * depth))),
  )
  const head = `P5 ${width} ${2 * height} 255\n`
  writeFileSync(
    join(directory, `faces ${name}.pgm`),
    Buffer.concat([Buffer.from(head), Buffer.from(rows)]),
  )
}
