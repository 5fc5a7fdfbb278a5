/** The anonymizer's door: de-identify, check, report. Runs in Node and in browsers alike. */
export { DicomError, type DicomErrorCode } from './dicom/index.ts'
export {
  type CheckFinding,
  type CheckResult,
  type CleanInstance,
  checkClean,
  type FindingCode,
} from './engine/check.ts'
export { type Deidentified, deidentify } from './engine/deidentify.ts'
export { DeidError, type DeidErrorCode } from './errors.ts'
export { PROFILE_NAME } from './profile/profile.ts'
export { type ReportRow, sumReports } from './report/report.ts'
export { shiftIsoDate } from './vault/dates.ts'
export { createKey, openVault, type PseudonymFormat, type Vault } from './vault/vault.ts'
