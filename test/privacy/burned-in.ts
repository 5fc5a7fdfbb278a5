/** An ultrasound image with identifiers in its pixels, beside those of its header. */
import { value } from '@pandok/anonymizer/dicom'
import { makeBackground } from '../conformance/pixels/backgrounds.ts'
import { lettersOf } from '../conformance/pixels/planted.ts'
import { instance } from './planted.ts'

const TEXTS = ['HONGCANARY GILDONG', '홍카나길동물 M 61Y', 'HN-77341902 1963-04-17'] as const

/** `letters`: the pixels that hold them, by their index in the frame. */
export function burnedIn(index: number): { bytes: Uint8Array; letters: readonly number[] } {
  const { width, height, pixels } = makeBackground('us', 1)
  const frame = Uint8Array.from(pixels)
  const letters = TEXTS.flatMap((text, line) => lettersOf(text, 18, 14, 8 + 30 * line, width))
  for (const at of letters) frame[at] = 255
  const bytes = instance('US', index, [
    value('00280004', 'CS', 'MONOCHROME2'),
    value('00280010', 'US', height),
    value('00280011', 'US', width),
    value('00280101', 'US', 8),
    value('00280102', 'US', 7),
    value('00280103', 'US', 0),
    value('00280301', 'CS', 'YES'),
    value('7FE00010', 'OB', frame),
  ])
  return { bytes, letters }
}
