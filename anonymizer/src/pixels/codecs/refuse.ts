/** The one error of codecs. What is said is ours alone: no value, no text of a library. */
import { DeidError } from '../../errors.ts'

export function refuse(detail: string): never {
  throw new DeidError('DEID_PIXEL_CODEC', detail)
}
