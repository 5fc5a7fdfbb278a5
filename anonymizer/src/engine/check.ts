/**
 * Looks at a file that claims to be de-identified and says what contradicts that. The server asks
 * this of everything it receives; it trusts no sender.
 *
 * Whether a date was shifted cannot be seen in it; the attestation says so, and whoever signs the
 * QC stands for it.
 */
import {
  type DataSet,
  type DicomJson,
  type FramePlace,
  framePlaces,
  getItems,
  getNumber,
  getString,
  keywordOf,
  readDicom,
  type Tag,
  toDicomJson,
} from '../dicom/index.ts'
import type { DeidErrorCode } from '../errors.ts'
import type { FrameCodecs, PixelPlan } from '../pixels/model.ts'
import { isSeen, planPixels } from '../pixels/plan.ts'
import type { Profile } from '../profile/profile.ts'
import type { ReportRow } from '../report/report.ts'
import { type PseudonymFormat, pseudonymPattern, STANDARD_UID } from '../vault/vault.ts'
import { problemsOf } from './admit.ts'
import { cleanInstance } from './clean.ts'
import { isEncrypted } from './encrypted-attributes.ts'
import { refuseUnknownLabels, showsFace } from './pixels.ts'

export interface CheckFinding {
  readonly path: string
  readonly keyword: string
  readonly rule: string
  readonly code: FindingCode
}

export type FindingCode =
  | DeidErrorCode
  | 'NOT_ATTESTED'
  | 'NOT_A_PSEUDONYM'
  | 'NOT_A_DATE'
  | 'HOLDS_IDENTIFIER'
  | 'MUST_BE_ABSENT'
  | 'MUST_BE_EMPTY'
  | 'MUST_BE_DUMMY'
  | 'MUST_BE_DERIVED_UID'

/** What the archive needs to know of a clean file. */
export interface CleanInstance {
  readonly patientId: string
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
  readonly sopClassUid: string
  readonly transferSyntaxUid: string
  readonly modality: string
  readonly numberOfFrames: number
  /** Who has to look at its pixels; `person` too where one already has. */
  readonly pixels: PixelPlan['kind']
  readonly metadata: DicomJson
  /** One place for each frame; [] without pixels. */
  readonly frames: readonly FramePlace[]
}

export type CheckResult =
  | { readonly isClean: true; readonly instance: CleanInstance }
  | { readonly isClean: false; readonly findings: readonly CheckFinding[] }

const MAX_FINDINGS = 200
const DERIVED_UID = /^2\.25\.(0|[1-9]\d{0,38})$/

export interface CheckSettings {
  readonly profile: Profile
  readonly format: PseudonymFormat
  /** Without them, encapsulated frames of what may be a head cannot be judged. */
  readonly codecs?: FrameCodecs | undefined
}

/**
 * Throws DeidError DEID_PIXEL_CODEC for frames that cannot be judged, DicomError for bytes that are no
 * readable DICOM file and for a labelmap with pixels of segments that are not described.
 */
export function checkClean(bytes: Uint8Array, settings: CheckSettings): CheckResult {
  const { profile, format, codecs } = settings
  const file = readDicom(bytes, profile.limits)
  const { dataSet } = file
  const findings = [
    ...problemsOf(dataSet, profile, isSeen(dataSet)).map(({ tag, code }) => finding(tag, code)),
    ...attestationFindings(dataSet, profile),
    ...identityFindings(dataSet, profile, format),
    ...preambleFindings(bytes),
    ...(showsFace(bytes, file, profile, codecs) ? [finding('00280302', 'DEID_FACE')] : []),
  ]
  refuseUnknownLabels(bytes, file, codecs)
  if (findings.length > 0) return { isClean: false, findings: findings.slice(0, MAX_FINDINGS) }
  return {
    isClean: true,
    instance: {
      patientId: getString(dataSet, '00100020'),
      studyInstanceUid: getString(dataSet, '0020000D'),
      seriesInstanceUid: getString(dataSet, '0020000E'),
      sopInstanceUid: getString(dataSet, '00080018'),
      sopClassUid: getString(dataSet, '00080016'),
      transferSyntaxUid: file.transferSyntaxUid,
      modality: getString(dataSet, '00080060'),
      numberOfFrames: getNumber(dataSet, '00280008') ?? 1,
      pixels: isSeen(dataSet) ? 'person' : planPixels(dataSet, profile).kind,
      metadata: toDicomJson(dataSet),
      frames: framePlaces(bytes, file),
    },
  }
}

/** What it has to say of itself (PS3.3 C.7.1.1, C.12.1). */
function attestationFindings(dataSet: DataSet, profile: Profile): CheckFinding[] {
  const findings: CheckFinding[] = []
  if (getString(dataSet, '00120062') !== 'YES') findings.push(finding('00120062', 'NOT_ATTESTED'))
  const codes = getItems(dataSet, '00120064').map((item) => getString(item, '00080100'))
  if (!codes.includes(BASIC_PROFILE)) findings.push(finding('00120064', 'NOT_ATTESTED'))
  const isFull = profile.options.has('retain-full-dates')
  const moments = ['REMOVED', 'MODIFIED', ...(isFull ? ['UNMODIFIED'] : [])]
  if (!moments.includes(getString(dataSet, '00280303'))) {
    findings.push(finding('00280303', 'NOT_ATTESTED'))
  }
  return findings
}

/** The walk with substitutes that leave alone what is already one: it must find nothing to do. */
function identityFindings(
  dataSet: DataSet,
  profile: Profile,
  format: PseudonymFormat,
): CheckFinding[] {
  const patientId = getString(dataSet, '00100020')
  const isPseudonym = pseudonymPattern(format).test(patientId)
  const { rows } = cleanInstance(withoutEncrypted(dataSet, profile), profile, {
    pseudonym: isPseudonym ? patientId : '',
    offsetDays: 0,
    deriveUid: (uid) => (DERIVED_UID.test(uid) || STANDARD_UID.test(uid) ? uid : ''),
    isSecondWalk: true,
  })
  const findings = rows.map(({ path, keyword, rule, action }) => ({
    path,
    keyword,
    rule,
    code: CODES[action],
  }))
  if (!dataSet.has('00100020')) findings.push(finding('00100020', 'NOT_A_PSEUDONYM'))
  return findings
}

/** The way back goes with the file where the profile allows it and it is what it says. */
function withoutEncrypted(dataSet: DataSet, profile: Profile): DataSet {
  const isAllowed = profile.encryptedAttributes === 'keep' && isEncrypted(dataSet.get('04000500'))
  return isAllowed ? new Map([...dataSet].filter(([tag]) => tag !== '04000500')) : dataSet
}

/** The preamble may hold anything (PS3.10 7.1); here it must hold nothing. */
function preambleFindings(bytes: Uint8Array): CheckFinding[] {
  if (bytes.subarray(0, 128).every((byte) => byte === 0)) return []
  return [{ path: 'preamble', keyword: 'preamble', rule: 'PS3.10 7.1', code: 'MUST_BE_EMPTY' }]
}

function finding(tag: Tag, code: FindingCode): CheckFinding {
  return { path: tag, keyword: keywordOf(tag), rule: '', code }
}

const BASIC_PROFILE = '113100'
const CODES: Readonly<Record<ReportRow['action'], FindingCode>> = {
  X: 'MUST_BE_ABSENT',
  Z: 'MUST_BE_EMPTY',
  D: 'MUST_BE_DUMMY',
  U: 'MUST_BE_DERIVED_UID',
  P: 'NOT_A_PSEUDONYM',
  'C-date': 'NOT_A_DATE',
  'C-age': 'HOLDS_IDENTIFIER',
  'C-text': 'HOLDS_IDENTIFIER',
  'C-content': 'HOLDS_IDENTIFIER',
  'C-pixels': 'HOLDS_IDENTIFIER',
  K: 'HOLDS_IDENTIFIER',
}
