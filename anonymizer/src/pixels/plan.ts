/**
 * What has to be known of an instance's pixels before it may be written, from its header alone (PS3.15
 * E.3.1). Headers lie: what claims to be free of text is looked at in samples all the same.
 */

import { type DataSet, getItems, getString, getStrings } from '../dicom/index.ts'
import type { Profile } from '../profile/profile.ts'
import { isImage } from '../profile/types.ts'
import type { PersonReason, PixelPlan } from './model.ts'

/** Modalities whose images people and machines write on. */
const WRITTEN_ON = new Set(['US', 'IVUS', 'SC', 'XC', 'OT', 'ES', 'GM', 'SM', 'DOC'])
const SECONDARY_CAPTURE = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.7(\.|$)/
/** Made by machines from measured values: no hand and no screen is between. */
const MEASURED = new Set(['CT', 'MR', 'PT', 'NM'])
/** Numbers that nobody drew: doses and labels. */
const COMPUTED = new Set(['RTDOSE', 'SEG'])

/** CID 7050 of PS3.16. */
const CLEAN_PIXEL_DATA = '113101'
const CLEAN_VISUAL_FEATURES = '113102'

export function planPixels(dataSet: DataSet, profile: Profile): PixelPlan {
  if (!mayHoldPixels(dataSet)) return { kind: 'none' }
  const reason = personReason(dataSet)
  if (reason !== 'burned-in' && profile.pixels.unseen === 'keep') return { kind: 'none' }
  if (reason !== undefined) return { kind: 'person', reason }
  return COMPUTED.has(getString(dataSet, '00080060')) ? { kind: 'none' } : { kind: 'sample' }
}

/** Pixel Data make an image of any SOP class, whatever its IOD says. */
export function mayHoldPixels(dataSet: DataSet): boolean {
  return isImage(getString(dataSet, '00080016')) || hasPixelData(dataSet)
}

/** As integers, floats or doubles. */
export function hasPixelData(dataSet: DataSet): boolean {
  return ['7FE00008', '7FE00009', '7FE00010'].some((tag) => dataSet.has(tag))
}

/** Whether the instance says that a person looked at all of it and blanked what had to go. */
export function isSeen(dataSet: DataSet): boolean {
  if (!mayHoldPixels(dataSet)) return false
  return getString(dataSet, '00280301') === 'NO' && hasOption(dataSet, CLEAN_PIXEL_DATA)
}

/** Whether the instance says that its face was taken off. */
export function isFaceless(dataSet: DataSet): boolean {
  return getString(dataSet, '00280302') === 'NO' && hasOption(dataSet, CLEAN_VISUAL_FEATURES)
}

function hasOption(dataSet: DataSet, code: string): boolean {
  return getItems(dataSet, '00120064').some((item) => getString(item, '00080100') === code)
}

function personReason(dataSet: DataSet): PersonReason | undefined {
  const declared = getString(dataSet, '00280301')
  if (declared === 'YES') return 'burned-in'
  const modality = getString(dataSet, '00080060')
  const sopClassUid = getString(dataSet, '00080016')
  if (WRITTEN_ON.has(modality) || SECONDARY_CAPTURE.test(sopClassUid)) return 'written-on'
  if (declared === 'NO' || COMPUTED.has(modality)) return undefined
  const [origin, examination] = getStrings(dataSet, '00080008')
  const isOriginal = origin === 'ORIGINAL' && examination === 'PRIMARY'
  return MEASURED.has(modality) && isOriginal ? undefined : 'not-declared-free'
}
