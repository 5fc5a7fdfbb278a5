/**
 * Whether the images of an instance could be put together to a face, as far as its header tells (PS3.15
 * E.3.2). In: CT, MR, PT and volumes of X-rays. Out: yes, no, or that the frames have to be looked at.
 */
import {
  type DataSet,
  getItems,
  getNumber,
  getString,
  getStrings,
  type Tag,
} from '../../dicom/index.ts'
import { HEAD_CODES } from './head-codes.ts'
import { HEAD_WORDS, NEAR_WORDS, NOT_THE_HEAD, OTHER_WORDS } from './words.ts'

export type FaceSign =
  | { readonly kind: 'face'; readonly why: 'body-part' | 'region-code' | 'description' }
  | {
      readonly kind: 'none'
      readonly why: 'modality' | 'localizer' | 'thick' | 'coarse' | 'other-part'
    }
  /** Nothing is said, or a part near the head: see `looksLikeHead`. */
  | { readonly kind: 'unknown' }

const VOLUME_MODALITIES = new Set(['CT', 'MR', 'PT'])
/** CT, MR, PT with their enhanced and converted kinds, and volumes of X-rays: modalities lie. */
const VOLUME_CLASSES =
  /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(2|2\.[12]|4|4\.[134]|128|128\.1|130|13\.1\.[12])$/
/** Segmentations, doses and the like have the modality of what they are about at times. */
const NO_IMAGES = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(66|481|88|11|104|67|68)(\.|$)/

/** A head of such slices or pixels shows no feature: a nose is 50 mm high and 30 mm wide. */
const THICK_MM = 10
const COARSE_MM = 8
/** As coarse, whatever the pixels measure: a head is 250 mm long. */
const FEW_PIXELS = 32

const ANATOMIC_REGION = '00082218'
const DESCRIPTIONS: readonly Tag[] = [
  '00081030', // Study Description
  '0008103E', // Series Description
  '00181030', // Protocol Name
  '00321060', // Requested Procedure Description
  '00400254', // Performed Procedure Step Description
  '00400007', // Scheduled Procedure Step Description
]
const CODED: readonly Tag[] = ['00081032', '00081001', '00400008', '00400260', '00321064']

export function couldShowFace(dataSet: DataSet): FaceSign {
  const sopClassUid = getString(dataSet, '00080016')
  const isVolume =
    VOLUME_CLASSES.test(sopClassUid) || VOLUME_MODALITIES.has(getString(dataSet, '00080060'))
  if (!isVolume || NO_IMAGES.test(sopClassUid)) return { kind: 'none', why: 'modality' }
  const unfit = unfitFor(dataSet)
  if (unfit !== undefined) return { kind: 'none', why: unfit }
  const codes = regionCodes(dataSet)
  if (codes.some((code) => HEAD_CODES.has(code))) return { kind: 'face', why: 'region-code' }
  const bodyPart = wordsOf(getString(dataSet, '00180015'))
  if (HEAD_WORDS.test(bodyPart)) return { kind: 'face', why: 'body-part' }
  const described = wordsOf([...textsOf(dataSet), ...meaningsOf(dataSet)].join(' / '))
  if (HEAD_WORDS.test(described)) return { kind: 'face', why: 'description' }
  const all = `${bodyPart} / ${described}`
  if (NEAR_WORDS.test(all)) return { kind: 'unknown' }
  return OTHER_WORDS.test(all) ? { kind: 'none', why: 'other-part' } : { kind: 'unknown' }
}

/** What cannot be put together to a surface, or shows none. */
function unfitFor(dataSet: DataSet): 'localizer' | 'thick' | 'coarse' | undefined {
  const types = getStrings(dataSet, '00080008')
  if (types.some((type) => /LOCALI[SZ]ER|SCOUT|TOPOGRAM|SURVIEW/i.test(type))) return 'localizer'
  const number = (tag: Tag) => Number(getString(dataSet, tag) || Number.NaN)
  // Slices from ear to ear show a profile each, however thick they are.
  const isAcross = Math.abs(normalX(dataSet)) < 0.5
  if (isAcross && number('00180050') >= THICK_MM) return 'thick'
  const [rows, columns] = [getNumber(dataSet, '00280010'), getNumber(dataSet, '00280011')]
  if (Math.min(rows ?? Infinity, columns ?? Infinity) < FEW_PIXELS) return 'coarse'
  return number('00280030') >= COARSE_MM ? 'coarse' : undefined
}

/** How far the normal of the plane points to an ear; 1 when nobody says. */
function normalX(dataSet: DataSet): number {
  const [, b = 0, c = 0, , e = 0, f = 0, ...more] = getStrings(dataSet, '00200037').map(Number)
  const isKnown = more.length === 0 && getStrings(dataSet, '00200037').length === 6
  return isKnown ? b * f - c * e : 1
}

function regionCodes(dataSet: DataSet): string[] {
  const groups = [...getItems(dataSet, '52009229'), ...getItems(dataSet, '52009230').slice(0, 1)]
  const anatomy = groups.flatMap((item) => getItems(item, '00209071'))
  return [dataSet, ...anatomy].flatMap((place) =>
    getItems(place, ANATOMIC_REGION).map((item) => getString(item, '00080100')),
  )
}

function textsOf(dataSet: DataSet): string[] {
  return DESCRIPTIONS.map((tag) => getStrings(dataSet, tag).join(' '))
}

function meaningsOf(dataSet: DataSet): string[] {
  const requests = getItems(dataSet, '00400275')
  const meanings = (place: DataSet) =>
    [...CODED, ANATOMIC_REGION].flatMap((tag) =>
      getItems(place, tag).map((item) => getString(item, '00080104')),
    )
  return [dataSet, ...requests].flatMap((place) => [
    ...meanings(place),
    ...(place === dataSet ? [] : textsOf(place)),
  ])
}

/** In small letters, signs between words as blanks, without what only sounds like a head. */
function wordsOf(text: string): string {
  const plain = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[_.,:;^*()[\]+]/g, ' ')
  return plain.replace(NOT_THE_HEAD, ' ')
}
