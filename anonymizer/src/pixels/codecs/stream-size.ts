/** What a code stream says of its frame, read before any decoder allocates for it. */
import type { FrameShape } from '../model.ts'
import { refuse } from './refuse.ts'

export interface StreamSize {
  readonly width: number
  readonly height: number
  readonly components: number
  /** Bits of a sample. */
  readonly precision: number
}

/** Samples of one frame; the largest real frames (mammography, radiography) have some 30 million. */
const MAX_SAMPLES = 2 ** 26

/** Throws unless the code stream holds just the frame that the header declares. */
export function requireSize(size: StreamSize, shape: FrameShape): void {
  if (size.width !== shape.columns || size.height !== shape.rows) {
    refuse('the code stream has another size than (0028,0010) and (0028,0011) say')
  }
  if (size.components !== shape.samplesPerPixel) {
    refuse('the code stream has another number of components than (0028,0002) says')
  }
  if (size.precision < 2 || size.precision > 16 || size.precision > shape.bitsAllocated) {
    refuse('the samples of the code stream do not fit (0028,0100)')
  }
  if (size.width * size.height * size.components > MAX_SAMPLES) refuse('the frame is too large')
}
