/**
 * Takes the face off a head, frame by frame (PS3.15 E.3.2, Clean Recognizable Visual Features): what lies in
 * front of a curve becomes air, and so do the ears. Nothing but the frame and the header is needed, so
 * every instance of a series gives the same result on its own. Samples that stay are bit by bit as
 * they were. Air is -1000 HU in CT and elsewhere the darkest value of the frame as it is displayed.
 */
import { type DataSet, getString } from '../../dicom/index.ts'
import { DeidError } from '../../errors.ts'
import type { FrameShape } from '../model.ts'
import { bodyOfBright, bodyOfCt } from './body.ts'
import { axialCut, type Cut, sagittalCut } from './cut.ts'
import { outlineOf, placeOf } from './outline.ts'
import { type Plane, planeOf, rescaleOf } from './plane.ts'
import { brightOf, clampSample, isGray, readSamples, writeSample } from './samples.ts'

const AIR_HU = -1000

/**
 * One native frame without its face. `frame` counts from 1. DEID_FACE when the header does not say
 * where the face looks, when the plane is neither axial nor sagittal, and when no head is found in it.
 */
export function defaceFrame(
  dataSet: DataSet,
  frame: number,
  bytes: Uint8Array,
  shape: FrameShape,
): Uint8Array {
  const plane = planeOf(dataSet, frame)
  if (plane === undefined) throw cannot('the plane of the frame is not known')
  if (!isGray(shape)) throw cannot('its samples are no grey values of whole numbers')
  if (getString(dataSet, '00080060') === 'PT') throw cannot('its outline is not seen in PT')
  const { rows, columns } = shape
  const stored = readSamples(bytes, shape)
  const hounsfield = hounsfieldOf(dataSet, frame, stored)
  const body =
    hounsfield === undefined
      ? bodyOfBright({ samples: brightOf(stored, shape), rows, columns })
      : bodyOfCt({ samples: hounsfield.samples, rows, columns })
  const cut = cutOf(plane, body, columns)
  const air = clampSample(hounsfield?.air ?? darkestOf(stored, shape), shape)
  // Node's buffers share memory with their slices.
  const defaced = new Uint8Array(bytes)
  for (let at = 0; at < stored.length; at++) {
    const { u, p } = placeOf(plane, at % columns, Math.floor(at / columns))
    if (p > cut(u)) writeSample(defaced, at, air, shape)
  }
  return defaced
}

function cutOf(plane: Plane, body: Uint8Array, columns: number): Cut {
  const outline = outlineOf(body, columns, plane)
  switch (plane.kind) {
    case 'axial':
      return axialCut(outline)
    case 'sagittal': {
      const cut = sagittalCut(outline)
      if (cut === undefined) throw cannot('no whole head is seen in the frame')
      return cut
    }
    default:
      throw cannot(`the plane is ${plane.kind}: the face lies in other instances too`)
  }
}

/** undefined: not a CT, or not in Hounsfield units, as air is not seen. */
function hounsfieldOf(dataSet: DataSet, frame: number, stored: Float64Array) {
  const rescale = rescaleOf(dataSet, frame)
  if (rescale === undefined || getString(dataSet, '00080060') !== 'CT') return undefined
  const { slope, intercept } = rescale
  const samples = stored.map((sample) => sample * slope + intercept)
  if (!samples.some((sample) => sample < AIR_HU / 2)) return undefined
  return { samples, air: (AIR_HU - intercept) / slope }
}

/** In MONOCHROME1 the greatest value is displayed darkest (PS3.3 C.7.6.3.1.2). */
function darkestOf(samples: Float64Array, { photometricInterpretation }: FrameShape): number {
  const isInverse = photometricInterpretation === 'MONOCHROME1'
  return samples.reduce(
    (a, b) => (isInverse ? Math.max(a, b) : Math.min(a, b)),
    isInverse ? -Infinity : Infinity,
  )
}

function cannot(detail: string): DeidError {
  return new DeidError('DEID_FACE', `it cannot be defaced: ${detail}`)
}
