/**
 * Whether a frame looks like a slice of a head, for images whose header does not say what they show.
 * In CT a head is small and has bone just below its skin nearly all around, which no neck, arm, leg or
 * trunk has. Other scales show no bone: there the size has to do, and in doubt it is a head.
 */
import { type DataSet, getString } from '../../dicom/index.ts'
import type { FrameShape } from '../model.ts'
import { bodyOfBright, bodyOfCt } from './body.ts'
import { outlineOf } from './outline.ts'
import { planeOf, rescaleOf } from './plane.ts'
import { brightOf, isGray, readSamples } from './samples.ts'

/** From skin to skin, without and with ears and nose, of children and adults. */
const WIDTH_MM = { least: 90, most: 215 } as const
const LENGTH_MM = { least: 110, most: 270 } as const
const BONE_HU = 200
const AIR_HU = -300
const RAYS = 72

/**
 * One native frame; `frame` counts from 1. Frames that are not axial count as heads when they are as
 * long as one. Frames whose plane nobody knows, that hold no grey values, or that are of PT, where no
 * outline is seen, count as heads.
 */
export function looksLikeHead(
  dataSet: DataSet,
  frame: number,
  bytes: Uint8Array,
  shape: FrameShape,
): boolean {
  const plane = planeOf(dataSet, frame)
  const modality = getString(dataSet, '00080060')
  if (plane === undefined || !isGray(shape) || modality === 'PT') return true
  const { rows, columns } = shape
  const stored = readSamples(bytes, shape)
  const rescale = rescaleOf(dataSet, frame)
  const isCt = modality === 'CT' && rescale !== undefined
  const samples = isCt ? stored.map((sample) => sample * rescale.slope + rescale.intercept) : stored
  const body = isCt
    ? bodyOfCt({ samples, rows, columns })
    : bodyOfBright({ samples: brightOf(samples, shape), rows, columns })
  const { lines, longest } = outlineOf(body, columns, plane)
  const widthMm = (lines.at(-1)?.u ?? 0) - (lines[0]?.u ?? 0)
  if (plane.kind !== 'axial') return longest >= LENGTH_MM.least && longest <= LENGTH_MM.most
  const isSized =
    widthMm >= WIDTH_MM.least &&
    widthMm <= WIDTH_MM.most &&
    longest >= LENGTH_MM.least &&
    longest <= LENGTH_MM.most
  // What fills the frame is a cutout of something larger.
  if (!isSized || edgeOf(body, rows, columns) > 0.25) return false
  if (!isCt) return true
  return ringOf(samples, body, rows, columns) > 0.6 && airIn(samples, body) < 0.2
}

/** The share of the frame's edge that is body. */
function edgeOf(body: Uint8Array, rows: number, columns: number): number {
  let met = 0
  for (let row = 0; row < rows; row++) {
    met += (body[row * columns] ?? 0) + (body[row * columns + columns - 1] ?? 0)
  }
  for (let column = 0; column < columns; column++) {
    met += (body[column] ?? 0) + (body[(rows - 1) * columns + column] ?? 0)
  }
  return met / (2 * (rows + columns))
}

/** The share of rays from the middle that meet bone in their outer half. */
function ringOf(samples: Float64Array, body: Uint8Array, rows: number, columns: number): number {
  let [sumX, sumY, count] = [0, 0, 0]
  body.forEach((isBody, at) => {
    if (isBody === 0) return
    sumX += at % columns
    sumY += Math.floor(at / columns)
    count++
  })
  let met = 0
  for (let ray = 0; ray < RAYS; ray++) {
    const angle = (2 * Math.PI * ray) / RAYS
    let outermostBone = 0
    let skin = 0
    for (let step = 0; step < rows + columns; step++) {
      const x = Math.round(sumX / count + step * Math.cos(angle))
      const y = Math.round(sumY / count + step * Math.sin(angle))
      if (x < 0 || y < 0 || x >= columns || y >= rows) break
      const at = y * columns + x
      if (body[at] === 1) skin = step
      if (body[at] === 1 && (samples[at] ?? 0) > BONE_HU) outermostBone = step
    }
    if (outermostBone > skin / 2) met++
  }
  return met / RAYS
}

/** The share of the body that is air: lungs, not sinuses. */
function airIn(samples: Float64Array, body: Uint8Array): number {
  let [air, count] = [0, 0]
  body.forEach((isBody, at) => {
    count += isBody
    if (isBody === 1 && (samples[at] ?? 0) < AIR_HU) air++
  })
  return air / count
}
