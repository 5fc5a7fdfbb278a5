/** The anonymizer's door: de-identify, check, report. Runs in Node and in browsers alike. */
export { shiftIsoDate } from './actions/dates.ts'
export {
  type ByteSource,
  DicomError,
  type DicomErrorCode,
  joinChunks,
  type Piece,
  type Span,
} from './dicom/index.ts'
export { isSopClassKnown } from './engine/admit.ts'
export {
  type CheckFinding,
  type CheckResult,
  type CheckSettings,
  type CleanInstance,
  checkClean,
  type FindingCode,
} from './engine/check.ts'
export {
  type Deidentified,
  type DeidentifiedSource,
  deidentify,
  deidentifySource,
  type Settings,
} from './engine/deidentify.ts'
export { type Inspection, inspect } from './engine/inspect.ts'
export { DeidError, type DeidErrorCode } from './errors.ts'
export { couldShowFace, defaceFrame, type FaceSign, looksLikeHead } from './pixels/faces/index.ts'
export type { Box, PersonReason, PixelPlan, PixelReview, Region, TextBox } from './pixels/model.ts'
export { BUILT_IN_NAMES, DEFAULT_PROFILE } from './profile/names.ts'
export {
  builtInProfileText,
  loadProfile,
  type Profile,
  ProfileError,
  type ProfileFault,
} from './profile/profile.ts'
export { type ReportRow, sumReports } from './report/report.ts'
export { createKey, openVault, type PseudonymFormat, type Vault } from './vault/vault.ts'
