/**
 * The options of PS3.15 E.3 by the names that profile files use, with their codes of CID 7050
 * (PS3.16) for (0012,0064).
 */
export const OPTIONS = {
  'retain-uids': { code: '113110', meaning: 'Retain UIDs Option' },
  'retain-device-identity': { code: '113109', meaning: 'Retain Device Identity Option' },
  'retain-institution-identity': { code: '113112', meaning: 'Retain Institution Identity Option' },
  'retain-patient-characteristics': {
    code: '113108',
    meaning: 'Retain Patient Characteristics Option',
  },
  'retain-full-dates': {
    code: '113106',
    meaning: 'Retain Longitudinal Temporal Information Full Dates Option',
  },
  'retain-modified-dates': {
    code: '113107',
    meaning: 'Retain Longitudinal Temporal Information Modified Dates Option',
  },
  'clean-descriptors': { code: '113105', meaning: 'Clean Descriptors Option' },
  'clean-structured-content': { code: '113104', meaning: 'Clean Structured Content Option' },
  'clean-graphics': { code: '113103', meaning: 'Clean Graphics Option' },
  'retain-safe-private': { code: '113111', meaning: 'Retain Safe Private Option' },
} as const

/** What is done to pixels is decided for each instance, so no profile selects it. */
export const PIXEL_OPTIONS = {
  'clean-pixel-data': { code: '113101', meaning: 'Clean Pixel Data Option' },
  'clean-recognizable-visual-features': {
    code: '113102',
    meaning: 'Clean Recognizable Visual Features Option',
  },
} as const

export type PixelOption = keyof typeof PIXEL_OPTIONS

export type Option = keyof typeof OPTIONS

/** The options that have a column of letters in the generated tables, in the columns' order. */
const COLUMNS: readonly Option[] = [
  'retain-uids',
  'retain-device-identity',
  'retain-institution-identity',
  'retain-patient-characteristics',
  'retain-full-dates',
  'retain-modified-dates',
  'clean-descriptors',
  'clean-structured-content',
  'clean-graphics',
]

/** A row's letters, one for each column from the left. */
export function lettersOf(letters: string): ReadonlyMap<Option, 'K' | 'C'> {
  const under = new Map<Option, 'K' | 'C'>()
  COLUMNS.forEach((option, at) => {
    const letter = letters[at]
    if (letter === 'K' || letter === 'C') under.set(option, letter)
  })
  return under
}
