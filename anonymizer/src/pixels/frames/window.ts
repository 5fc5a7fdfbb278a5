/** The window that a header proposes (PS3.3 C.11.2.1.2), in stored values. */
import { type DataSet, getItems, getNumber } from '../../dicom/index.ts'

export interface Window {
  /** Stored values that show black and white. */
  readonly black: number
  readonly white: number
}

const PER_FRAME = '52009230'
const SHARED = '52009229'
const FRAME_VOI = '00289132'
const PIXEL_VALUE_TRANSFORMATION = '00289145'

/** Undefined when there is none that spans anything. `frame` counts from 1. */
export function windowOf(dataSet: DataSet, frame: number): Window | undefined {
  const voi = holderOf(dataSet, frame, FRAME_VOI)
  const transformation = holderOf(dataSet, frame, PIXEL_VALUE_TRANSFORMATION)
  const center = numberIn(voi, '00281050')
  const width = numberIn(voi, '00281051')
  const slope = numberIn(transformation, '00281053') ?? 1
  const intercept = numberIn(transformation, '00281052') ?? 0
  if (center === undefined || width === undefined || width < 1 || slope === 0) return undefined
  const black = (center - width / 2 - intercept) / slope
  const white = (center + width / 2 - intercept) / slope
  return Number.isFinite(black) && Number.isFinite(white) ? { black, white } : undefined
}

/** From stored values to those of the modality (PS3.3 C.11.1.1.2). */
export function rescaleOf(dataSet: DataSet, frame: number): { slope: number; intercept: number } {
  const transformation = holderOf(dataSet, frame, PIXEL_VALUE_TRANSFORMATION)
  const slope = numberIn(transformation, '00281053') ?? 1
  return { slope: slope === 0 ? 1 : slope, intercept: numberIn(transformation, '00281052') ?? 0 }
}

/** Of multi-frame functional groups, per frame or shared; else the data set itself. */
function holderOf(dataSet: DataSet, frame: number, tag: string): DataSet {
  for (const group of [getItems(dataSet, PER_FRAME)[frame - 1], getItems(dataSet, SHARED)[0]]) {
    const [item] = group === undefined ? [] : getItems(group, tag)
    if (item !== undefined) return item
  }
  return dataSet
}

/** What is no number is no window: the picture is only looked at. */
function numberIn(dataSet: DataSet, tag: string): number | undefined {
  try {
    return getNumber(dataSet, tag)
  } catch {
    return undefined
  }
}
