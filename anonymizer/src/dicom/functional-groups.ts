/**
 * What a multi-frame image says of each frame must fit its frames and segments: an item of the
 * Per-Frame Functional Groups for each frame (PS3.3 C.7.6.16), and no frame of a segment that is
 * not described (C.8.20.2, C.8.20.3). Readers take both as indices without asking.
 */
import { getItems, getNumber, getNumbers } from './access.ts'
import { DicomError } from './errors.ts'
import type { DataSet } from './model.ts'

const PER_FRAME = '52009230'
const SHARED = '52009229'
const SEGMENTS = '00620002'
const SEGMENT_NUMBER = '00620004'
const SEGMENT_IDENTIFICATION = '0062000A'
const REFERENCED_SEGMENT_NUMBER = '0062000B'

/** DICOM_FRAMES or DICOM_SEGMENTS. `dataSet` has a possible number of frames. */
export function checkFunctionalGroups(dataSet: DataSet): void {
  const perFrame = getItems(dataSet, PER_FRAME)
  const frames = getNumber(dataSet, '00280008') ?? 1
  if (perFrame.length > 0 && perFrame.length < frames) {
    throw new DicomError('DICOM_FRAMES', `(${PER_FRAME}) has fewer items than there are frames`)
  }
  const segments = getItems(dataSet, SEGMENTS)
  if (segments.length === 0) return
  const known = new Set(segments.map((segment) => getNumber(segment, SEGMENT_NUMBER) ?? -1))
  if (known.size < segments.length || [...known].some((number) => number < 0)) {
    throw new DicomError('DICOM_SEGMENTS', `(${SEGMENT_NUMBER}) is missing or twice the same`)
  }
  for (const frame of [...getItems(dataSet, SHARED), ...perFrame]) {
    for (const item of getItems(frame, SEGMENT_IDENTIFICATION)) {
      if (!getNumbers(item, REFERENCED_SEGMENT_NUMBER).every((number) => known.has(number))) {
        throw new DicomError('DICOM_SEGMENTS', 'a frame is of a segment that is not described')
      }
    }
  }
}
