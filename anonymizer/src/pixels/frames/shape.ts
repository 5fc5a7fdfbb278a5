/** Reads how frames are laid out (PS3.3 C.7.6.3) from an image's header; what cannot be is refused. */
import { type DataSet, getNumber, getString } from '../../dicom/index.ts'
import { refuse } from '../codecs/refuse.ts'
import type { FrameShape } from '../model.ts'

export const PIXEL_DATA = '7FE00010'
const FLOAT_PIXEL_DATA = '7FE00008'
const DOUBLE_FLOAT_PIXEL_DATA = '7FE00009'

/** The attribute that holds the pixels; undefined when there is none. */
export function pixelTagOf(dataSet: DataSet): string | undefined {
  return [PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA].find((tag) => dataSet.has(tag))
}

export function frameCountOf(dataSet: DataSet): number {
  const count = getNumber(dataSet, '00280008') ?? 1
  if (!Number.isInteger(count) || count < 1) refuse('(0028,0008) is not a number of frames')
  return count
}

export function frameShapeOf(dataSet: DataSet): FrameShape {
  const tag = pixelTagOf(dataSet)
  const floatBits = { [FLOAT_PIXEL_DATA]: 32, [DOUBLE_FLOAT_PIXEL_DATA]: 64 }[tag ?? '']
  const isFloat = floatBits !== undefined
  const rows = getNumber(dataSet, '00280010') ?? 0
  const columns = getNumber(dataSet, '00280011') ?? 0
  if (rows < 1 || columns < 1) refuse('(0028,0010) or (0028,0011) is missing')
  const samplesPerPixel = getNumber(dataSet, '00280002') ?? 1
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) refuse('(0028,0002) is neither 1 nor 3')
  const bitsAllocated = allocated(floatBits ?? getNumber(dataSet, '00280100'))
  const bitsStored = isFloat ? bitsAllocated : (getNumber(dataSet, '00280101') ?? bitsAllocated)
  const highBit = isFloat ? bitsAllocated - 1 : (getNumber(dataSet, '00280102') ?? bitsStored - 1)
  if (bitsStored < 1 || highBit >= bitsAllocated || highBit - bitsStored < -1) {
    refuse('(0028,0101) and (0028,0102) do not fit (0028,0100)')
  }
  if (bitsAllocated === 1 && samplesPerPixel !== 1) refuse('colour of one bit is not handled')
  return {
    rows,
    columns,
    samplesPerPixel,
    bitsAllocated,
    bitsStored,
    highBit,
    isSigned: getNumber(dataSet, '00280103') === 1,
    isFloat,
    isPlanar: samplesPerPixel > 1 && getNumber(dataSet, '00280006') === 1,
    photometricInterpretation: getString(dataSet, '00280004'),
  }
}

function allocated(bits: number | undefined): FrameShape['bitsAllocated'] {
  switch (bits) {
    case 1:
    case 8:
    case 16:
    case 32:
    case 64:
      return bits
    default:
      return refuse('(0028,0100) is no number of bits that is handled')
  }
}

/** Chrominance of two neighbours is stored once (PS3.3 C.7.6.3.1.2); native pixel data only. */
export function isHalved(shape: FrameShape): boolean {
  return (
    shape.samplesPerPixel === 3 &&
    ['YBR_FULL_422', 'YBR_PARTIAL_422'].includes(shape.photometricInterpretation)
  )
}

/** Bits of one native frame. */
export function frameBitsOf(shape: FrameShape): number {
  if (isHalved(shape) && (shape.bitsAllocated !== 8 || shape.columns % 2 !== 0)) {
    refuse('halved chrominance needs 8 bits and an even number of columns')
  }
  const samples = isHalved(shape) ? 2 : shape.samplesPerPixel
  return shape.rows * shape.columns * samples * shape.bitsAllocated
}
