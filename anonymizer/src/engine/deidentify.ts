/**
 * De-identifies one DICOM file (PS3.15 annex E) and attests what was done. Pixel data stays bit by
 * bit unless a person decided what is to be blanked, or a face has to go.
 *
 * In: bytes of a Part 10 file. Out: the pieces of a new one, and a report without values. Any doubt
 * is an error (DicomError, DeidError) and no output.
 */
import {
  type ByteSource,
  dataSet as buildDataSet,
  type DataSet,
  type DicomFile,
  encodeDicom,
  encodePieces,
  getString,
  type Piece,
  readDicom,
  replaced,
  toUtf8,
  value,
} from '../dicom/index.ts'
import { type LookFacts, lookFacts } from '../pixels/look-facts.ts'
import type { FrameCodecs, PixelReview } from '../pixels/model.ts'
import type { PixelOption } from '../profile/options.ts'
import type { Profile } from '../profile/profile.ts'
import type { ReportRow } from '../report/report.ts'
import type { Vault } from '../vault/vault.ts'
import { admit } from './admit.ts'
import { attestation } from './attestation.ts'
import { cleanInstance, type Substitutes } from './clean.ts'
import { encryptAttributes, type SealAttributes } from './encrypted-attributes.ts'
import { createMemo, type Memo } from './memo.ts'
import { treatPixels } from './pixels.ts'

export interface Deidentified extends Description {
  /** The new file in pieces; pixel data are the very bytes of the input. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[]
}

export interface DeidentifiedSource extends Description {
  /** The new file in pieces, in order: bytes, or spans of the source that are copied. */
  readonly pieces: readonly Piece[]
}

interface Description {
  readonly pseudonym: string
  /** Tells patients apart whose pseudonyms collide; see Vault. */
  readonly subjectDigest: string
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
  /** Nothing announces text and no person looked: the detector sees samples of the series. */
  readonly look: LookFacts | undefined
  /** A row for each attribute that is not as it was; `sumReports` adds them up. */
  readonly report: readonly ReportRow[]
}

export interface Settings {
  readonly profile: Profile
  readonly vault: Vault
  /** Original values go along for whom this encrypts (PS3.15 E.1.1); the profile has to allow it. */
  readonly sealAttributes?: SealAttributes | undefined
  /** For encapsulated frames that are looked at or changed; DEID_PIXEL_CODEC without them. */
  readonly codecs?: FrameCodecs | undefined
}

/** By the settings that callers use again and again. */
const memos = new WeakMap<Settings, Memo>()

/**
 * Throws DicomError for bytes that are not readable and DeidError for what is refused; without a
 * `review` that is everything that a person has to look at (pixels/plan.ts).
 */
export function deidentify(
  bytes: Uint8Array,
  settings: Settings,
  review?: PixelReview,
): Deidentified {
  const { file, ...description } = clean(bytes, settings, review)
  return { chunks: encodeDicom(file), ...description }
}

/** The same, byte for byte; the pixel data of a source never come into memory. */
export function deidentifySource(
  source: Uint8Array | ByteSource,
  settings: Settings,
  review?: PixelReview,
): DeidentifiedSource {
  const { file, ...description } = clean(source, settings, review)
  return { pieces: encodePieces(file), ...description }
}

function clean(
  input: Uint8Array | ByteSource,
  settings: Settings,
  review: PixelReview | undefined,
): Description & { readonly file: Omit<DicomFile, 'meta'> } {
  const { profile, vault } = settings
  const memo = memos.get(settings) ?? createMemo()
  memos.set(settings, memo)
  const original = readDicom(input, profile.limits, memo.elements)
  admit(original.dataSet, profile, review !== undefined)
  const patientId = getString(original.dataSet, '00100020')
  const pseudonym = vault.pseudonymFor(patientId)
  const treated = treatPixels(input, original, { profile, codecs: settings.codecs, review })
  const { file } = treated
  const substitutes: Substitutes = {
    pseudonym,
    offsetDays: vault.dateOffsetDays(pseudonym),
    deriveUid: vault.deriveUid,
  }
  let cleaned = cleanInstance(file.dataSet, profile, substitutes, memo)
  if (cleaned.needsUtf8) cleaned = cleanInstance(toUtf8(file.dataSet), profile, substitutes, memo)
  const clean = attested(cleaned.dataSet, profile, pseudonym, treated.options, memo)
  const dataSet = withWayBack(original.dataSet, clean, settings)
  return {
    file: { transferSyntaxUid: file.transferSyntaxUid, dataSet },
    pseudonym,
    subjectDigest: vault.subjectDigest(patientId),
    studyInstanceUid: getString(dataSet, '0020000D'),
    seriesInstanceUid: getString(dataSet, '0020000E'),
    sopInstanceUid: getString(dataSet, '00080018'),
    look: review === undefined ? lookFacts(file, profile) : undefined,
    report: treated.rows.length === 0 ? cleaned.rows : [...cleaned.rows, ...treated.rows],
  }
}

function withWayBack(original: DataSet, clean: DataSet, settings: Settings): DataSet {
  const { profile, sealAttributes } = settings
  if (sealAttributes === undefined || profile.encryptedAttributes !== 'keep') return clean
  return buildDataSet([...clean.values(), encryptAttributes(original, clean, sealAttributes)])
}

/** What the object says of itself is the same for most instances of a series. */
function attested(
  cleaned: DataSet,
  profile: Profile,
  pseudonym: string,
  pixelOptions: ReadonlySet<PixelOption>,
  memo: Memo,
): DataSet {
  const before = ['00120063', '00120064', '00280303'].map((tag) => cleaned.get(tag))
  const own = memo.again([pseudonym, ...pixelOptions, ...before], () => [
    ...buildDataSet([
      value('00100010', 'PN', pseudonym),
      value('00100020', 'LO', pseudonym),
      ...attestation(cleaned, profile, pixelOptions),
    ]).values(),
  ])
  return replaced(cleaned, own)
}
