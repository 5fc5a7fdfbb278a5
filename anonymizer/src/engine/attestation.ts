/** What a de-identified object says of itself (PS3.15 E.1.1, PS3.3 C.7.1.1, C.12.1). */
import {
  type DataSet,
  dataSet,
  type Element,
  getBytes,
  getItems,
  getString,
  sequence,
  value,
} from '../dicom/index.ts'
import { OPTIONS, PIXEL_OPTIONS, type PixelOption } from '../profile/options.ts'
import type { Profile } from '../profile/profile.ts'

const code = (codeValue: string, meaning: string) =>
  dataSet([
    value('00080100', 'SH', codeValue),
    value('00080102', 'SH', 'DCM'),
    value('00080104', 'LO', meaning),
  ])

/**
 * Elements to put in place of those in `cleaned`, the data set after its actions. What earlier
 * de-identification said stays, ours comes behind it. `pixelOptions`: what was done to the pixels of
 * this instance; where a person did not look, (0028,0301) stays as it was.
 */
export function attestation(
  cleaned: DataSet,
  profile: Profile,
  pixelOptions: ReadonlySet<PixelOption>,
): Element[] {
  const codes = [
    code('113100', 'Basic Application Confidentiality Profile'),
    ...[...profile.options].map((option) => code(OPTIONS[option].code, OPTIONS[option].meaning)),
    ...[...pixelOptions].map((option) =>
      code(PIXEL_OPTIONS[option].code, PIXEL_OPTIONS[option].meaning),
    ),
  ]
  const own = new Set(codes.map((item) => getString(item, '00080100')))
  const earlier = getItems(cleaned, '00120064').filter(
    (item) => !own.has(getString(item, '00080100')),
  )
  return [
    value('00120062', 'CS', 'YES'),
    value('00120063', 'LO', methodsWith(cleaned, profile.label)),
    sequence('00120064', [...earlier, ...codes]),
    ...(pixelOptions.has('clean-pixel-data') ? [value('00280301', 'CS', 'NO')] : []),
    ...(pixelOptions.has('clean-recognizable-visual-features')
      ? [value('00280302', 'CS', 'NO')]
      : []),
    value('00280303', 'CS', longitudinal(cleaned, profile)),
  ]
}

/**
 * Ours behind the earlier ones, whose bytes stay as their character set has them: it starts again at
 * every backslash (PS3.5 6.1.2.5.3). What two bytes of a letter look like is put back as it was.
 */
function methodsWith(cleaned: DataSet, label: string): Uint8Array {
  const bytes = getBytes(cleaned, '00120063') ?? new Uint8Array()
  const before = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  const earlier = before.split('\\').filter((text) => text.trim() !== label)
  const isNone = earlier.every((text) => text.trim() === '')
  const methods = [...(isNone ? [] : earlier), label].join('\\')
  return Uint8Array.from(methods.padEnd(methods.length + (methods.length % 2)), (letter) =>
    letter.charCodeAt(0),
  )
}

/** (0028,0303): a chain of de-identifications is as modified as its most modifying link. */
function longitudinal(cleaned: DataSet, profile: Profile): string {
  const before = getString(cleaned, '00280303')
  if (profile.options.has('retain-modified-dates'))
    return before === 'REMOVED' ? before : 'MODIFIED'
  if (!profile.options.has('retain-full-dates')) return 'REMOVED'
  return before === 'REMOVED' || before === 'MODIFIED' ? before : 'UNMODIFIED'
}
