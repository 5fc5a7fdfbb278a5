/** What has to be known of a file's pixels before anybody looks at them. */
import { getNumber, getString, readDicom } from '../dicom/index.ts'
import { inspect, type Settings } from '../index.ts'
import { cornerSignature } from '../pixels/detect/index.ts'
import { grayImages } from '../pixels/frames/index.ts'
import type { FrameCodecs, GrayImage } from '../pixels/model.ts'
import { readFile } from './open-file.ts'
import type { FileInspection } from './protocol.ts'

export type SeeingSettings = Settings & { readonly codecs: FrameCodecs }

/** Throws as `inspect` does, and DEID_PIXEL_CODEC for frames that nobody could look at. */
export async function inspectFile(file: Blob, settings: SeeingSettings): Promise<FileInspection> {
  const bytes = await readFile(file)
  const inspection = inspect(bytes, settings)
  const { dataSet, transferSyntaxUid } = readDicom(bytes, settings.profile.limits)
  const isLookedAt = inspection.plan.kind !== 'none'
  return {
    ...inspection,
    modality: getString(dataSet, '00080060'),
    rows: getNumber(dataSet, '00280010') ?? 0,
    columns: getNumber(dataSet, '00280011') ?? 0,
    corners: Array.from({ length: isLookedAt ? inspection.numberOfFrames : 0 }, (_, at) =>
      cornersOf(grayImages(dataSet, transferSyntaxUid, at + 1, settings.codecs)[0]),
    ),
  }
}

/** '' of what has no rendering: it is looked at then. */
function cornersOf(image: GrayImage | undefined): string {
  return image === undefined ? '' : cornerSignature(image)
}
