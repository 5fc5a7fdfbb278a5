/**
 * One frame of a file whose pixel data stay in their source, as an instance that has this frame alone:
 * looking at a frame of a large file costs the memory of the frame.
 */
import {
  type ByteSource,
  dataSet as buildDataSet,
  type DicomFile,
  getItems,
  loadPixels,
  type StoredElement,
  sequence,
  value,
} from '../../dicom/index.ts'
import { frameBitsOf, frameCountOf, frameShapeOf, PIXEL_DATA } from './shape.ts'

export interface FrameAlone {
  readonly file: DicomFile
  /** Of the frame in `file`, from 1. */
  readonly number: number
}

const PER_FRAME_GROUPS = '52009230'

/** `input` is what the file was read from. Where frames cannot be told apart, all come into memory. */
export function frameAlone(
  file: DicomFile,
  input: Uint8Array | ByteSource,
  number: number,
): FrameAlone {
  const stored = file.dataSet.get(PIXEL_DATA)
  if (stored?.kind !== 'stored' || input instanceof Uint8Array) return { file, number }
  const part = partOf(stored, file, number)
  if (part === undefined) return { file: loadPixels(file, input), number }
  const groups = getItems(file.dataSet, PER_FRAME_GROUPS)
  const own = groups[number - 1]
  const dataSet = buildDataSet([
    ...file.dataSet.values(),
    value('00280008', 'IS', 1),
    ...(own === undefined ? [] : [sequence(PER_FRAME_GROUPS, [own])]),
    part,
  ])
  return { file: loadPixels({ ...file, dataSet }, input), number: 1 }
}

function partOf(
  stored: StoredElement,
  { dataSet }: DicomFile,
  number: number,
): StoredElement | undefined {
  const count = frameCountOf(dataSet)
  if (stored.offsetTable !== undefined) {
    const span = stored.spans.length === count ? stored.spans[number - 1] : undefined
    return span && { ...stored, spans: [span], offsetTable: new Uint8Array() }
  }
  const bits = frameBitsOf(frameShapeOf(dataSet))
  const [whole] = stored.spans
  if (whole === undefined || bits % 8 !== 0 || number < 1 || number > count) return undefined
  const length = bits / 8
  return { ...stored, spans: [{ offset: whole.offset + (number - 1) * length, length }] }
}
