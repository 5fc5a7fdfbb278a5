/**
 * What is done to the pixels of one instance: boxes that a person chose are blanked, and a head that
 * could be rendered loses its face or is refused, as the profile says (PS3.15 E.3.1, E.3.2).
 *
 * Only what is changed, or has to be looked at to know, comes into memory.
 */

import { type ByteSource, type DicomFile, getString, loadPixels } from '../dicom/index.ts'
import { DeidError } from '../errors.ts'
import { couldShowFace, defaceFrame, looksLikeHead } from '../pixels/faces/index.ts'
import { decodedFrame, frameAlone, frameCountOf } from '../pixels/frames/index.ts'
import { checkLabels } from '../pixels/labels.ts'
import type { FrameCodecs, PixelReview } from '../pixels/model.ts'
import { isFaceless, mayHoldPixels } from '../pixels/plan.ts'
import { changeFrames, redactPixels } from '../pixels/redact/index.ts'
import type { PixelOption } from '../profile/options.ts'
import type { Profile } from '../profile/profile.ts'
import type { ReportRow } from '../report/report.ts'

export interface TreatedFile {
  readonly file: DicomFile
  readonly options: ReadonlySet<PixelOption>
  readonly rows: readonly ReportRow[]
}

const PIXEL_DATA = '7FE00010'

/** Throws DeidError: DEID_FACE, DEID_PIXEL_CODEC. */
export function treatPixels(
  input: Uint8Array | ByteSource,
  original: DicomFile,
  { profile, codecs, review }: Treatment,
): TreatedFile {
  const options = new Set<PixelOption>()
  const rows: ReportRow[] = []
  let file = original
  if (showsFace(input, file, profile, codecs)) {
    if (profile.faces === 'refuse') {
      throw new DeidError('DEID_FACE', 'the head could be rendered to a face')
    }
    const loaded = loadPixels(file, input)
    file = { ...loaded, ...defaced(loaded, known(codecs)) }
    options.add('clean-recognizable-visual-features')
    rows.push(row('C by clean-recognizable-visual-features', 1))
  }
  if (review !== undefined) {
    // A report or a structure set has no pixels that anybody could have cleaned.
    if (mayHoldPixels(file.dataSet)) options.add('clean-pixel-data')
    const { regions } = review
    if (regions.length > 0) {
      const loaded = loadPixels(file, input)
      file = { ...loaded, ...redactPixels({ ...loaded, regions, codecs: known(codecs) }) }
      rows.push(row('C by clean-pixel-data', regions.length))
    }
  }
  return { file, options, rows }
}

export interface Treatment {
  readonly profile: Profile
  readonly codecs: FrameCodecs | undefined
  readonly review: PixelReview | undefined
}

/** Frames of one instance that are looked at where the header does not say what they show. */
const MAX_LOOKED = 16

/** False as well where the profile keeps faces or this one is gone already. */
export function showsFace(
  input: Uint8Array | ByteSource,
  file: DicomFile,
  profile: Profile,
  codecs: FrameCodecs | undefined,
): boolean {
  if (profile.faces === 'keep' || isFaceless(file.dataSet)) return false
  // A PET of uptake has no skin to be rendered: E.3.2 and this profile speak of CT and MR.
  if (getString(file.dataSet, '00080060') === 'PT') return false
  const sign = couldShowFace(file.dataSet)
  if (sign.kind !== 'unknown') return sign.kind === 'face'
  if (!file.dataSet.has(PIXEL_DATA)) return false
  const count = frameCountOf(file.dataSet)
  const step = Math.max(1, Math.floor(count / MAX_LOOKED))
  for (let each = 1; each <= count; each += step) {
    const { file: alone, number } = frameAlone(file, input, each)
    const { dataSet, transferSyntaxUid } = alone
    const frame = decodedFrame(dataSet, transferSyntaxUid, number, known(codecs))
    if (looksLikeHead(dataSet, number, frame.bytes, frame.shape)) return true
  }
  return false
}

/** DICOM_SEGMENTS, DICOM_TOO_LARGE or DEID_PIXEL_CODEC where pixels name segments that are none. */
export function refuseUnknownLabels(
  input: Uint8Array | ByteSource,
  file: DicomFile,
  codecs: FrameCodecs | undefined,
): void {
  checkLabels(input, file, known(codecs))
}

function defaced({ dataSet, transferSyntaxUid }: DicomFile, codecs: FrameCodecs) {
  return changeFrames({
    dataSet,
    transferSyntaxUid,
    codecs,
    change: {
      touches: () => true,
      apply: ({ bytes, shape }, number) => ({
        bytes: defaceFrame(dataSet, number, bytes, shape),
        shape,
      }),
    },
  })
}

/** Native frames need none; whoever meets others is asked to load them. */
const NO_CODECS: FrameCodecs = {
  decode: () => refuseCodec(),
  encode: () => undefined,
}

function known(codecs: FrameCodecs | undefined): FrameCodecs {
  return codecs ?? NO_CODECS
}

function refuseCodec(): never {
  throw new DeidError('DEID_PIXEL_CODEC', 'no decoders are loaded')
}

function row(rule: string, count: number): ReportRow {
  return { path: PIXEL_DATA, keyword: 'PixelData', rule, action: 'C-pixels', count }
}
