/**
 * Looks at one instance before it is de-identified: whether it would be, and what has to be known of
 * its pixels first. Nothing of the original leaves but counts; the UIDs are the derived ones.
 */

import { type ByteSource, getNumber, getString, readDicom } from '../dicom/index.ts'
import { announcesText, knownRegions } from '../pixels/devices/index.ts'
import type { PixelPlan, Region } from '../pixels/model.ts'
import { planPixels } from '../pixels/plan.ts'
import { admit } from './admit.ts'
import type { Settings } from './deidentify.ts'

export interface Inspection {
  readonly plan: PixelPlan
  /** Lists of devices say that its kind holds text: it is among those that the detector looks at. */
  readonly isAnnounced: boolean
  /** Where this device is known to write: proposals for a person. */
  readonly knownRegions: readonly Region[]
  readonly pseudonym: string
  readonly seriesInstanceUid: string
  /** (0020,0013); undefined where there is none or it is no number. */
  readonly instanceNumber: number | undefined
  readonly numberOfFrames: number
}

/** Throws DicomError and DeidError as `deidentify` does, but not for pixels that nobody saw. */
export function inspect(input: Uint8Array | ByteSource, { profile, vault }: Settings): Inspection {
  const file = readDicom(input, profile.limits)
  const { dataSet } = file
  admit(dataSet, profile, true)
  const number = Number(getString(dataSet, '00200013') || Number.NaN)
  return {
    plan: planPixels(dataSet, profile),
    isAnnounced: announcesText(file) !== undefined,
    knownRegions: knownRegions(file),
    pseudonym: vault.pseudonymFor(getString(dataSet, '00100020')),
    seriesInstanceUid: profile.options.has('retain-uids')
      ? getString(dataSet, '0020000E')
      : vault.deriveUid(getString(dataSet, '0020000E')),
    instanceNumber: Number.isFinite(number) ? number : undefined,
    numberOfFrames: getNumber(dataSet, '00280008') ?? 1,
  }
}
