/** What the choice of the frames that the detector sees needs to know of an instance. */
import { type DicomFile, getString } from '../dicom/index.ts'
import type { Profile } from '../profile/profile.ts'
import { nativeCorners } from './detect/native-corners.ts'
import { announcesText } from './devices/index.ts'
import { planPixels } from './plan.ts'

export interface LookFacts {
  /** (0020,0013); undefined where there is none or it is no number. */
  readonly instanceNumber: number | undefined
  /** One cornerSignature for each frame; '' where the frame has to be decoded first. */
  readonly corners: readonly string[]
  /** Lists of devices say that its kind holds text: all its frames are looked at. */
  readonly isAnnounced: boolean
}

/** undefined: its pixels hold nothing that samples could show, or a person has to see them anyway. */
export function lookFacts(file: DicomFile, profile: Profile): LookFacts | undefined {
  if (planPixels(file.dataSet, profile).kind !== 'sample') return undefined
  const number = Number(getString(file.dataSet, '00200013') || Number.NaN)
  return {
    instanceNumber: Number.isFinite(number) ? number : undefined,
    corners: nativeCorners(file.dataSet),
    isAnnounced: announcesText(file) !== undefined,
  }
}
