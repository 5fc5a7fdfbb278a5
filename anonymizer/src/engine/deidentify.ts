/**
 * De-identifies one DICOM file (PS3.15 annex E) and attests what was done. Pixel data is not
 * touched.
 *
 * In: bytes of a Part 10 file. Out: the pieces of a new one, and a report without values. Any doubt
 * is an error (DicomError, DeidError) and no output.
 */
import {
  dataSet as buildDataSet,
  type DataSet,
  encodeDicom,
  getString,
  readDicom,
  toUtf8,
  value,
} from '../dicom/index.ts'
import type { Profile } from '../profile/profile.ts'
import { type ReportRow, sumReports } from '../report/report.ts'
import type { Vault } from '../vault/vault.ts'
import { admit } from './admit.ts'
import { attestation } from './attestation.ts'
import { cleanInstance, type Substitutes } from './clean.ts'

export interface Deidentified {
  /** The new file in pieces; pixel data are the very bytes of the input. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[]
  readonly pseudonym: string
  /** Tells patients apart whose pseudonyms collide; see Vault. */
  readonly subjectDigest: string
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
  readonly report: readonly ReportRow[]
}

export interface Settings {
  readonly profile: Profile
  readonly vault: Vault
}

/** Throws DicomError for bytes that are not readable and DeidError for what is refused. */
export function deidentify(bytes: Uint8Array, { profile, vault }: Settings): Deidentified {
  const file = readDicom(bytes)
  admit(file.dataSet, profile)
  const patientId = getString(file.dataSet, '00100020')
  const pseudonym = vault.pseudonymFor(patientId)
  const substitutes: Substitutes = {
    pseudonym,
    offsetDays: vault.dateOffsetDays(pseudonym),
    deriveUid: vault.deriveUid,
  }
  let cleaned = cleanInstance(file.dataSet, profile, substitutes)
  if (cleaned.needsUtf8) cleaned = cleanInstance(toUtf8(file.dataSet), profile, substitutes)
  const dataSet = attested(cleaned.dataSet, profile, pseudonym)
  return {
    chunks: encodeDicom({ transferSyntaxUid: file.transferSyntaxUid, dataSet }),
    pseudonym,
    subjectDigest: vault.subjectDigest(patientId),
    studyInstanceUid: getString(dataSet, '0020000D'),
    seriesInstanceUid: getString(dataSet, '0020000E'),
    sopInstanceUid: getString(dataSet, '00080018'),
    report: sumReports([cleaned.rows]),
  }
}

function attested(cleaned: DataSet, profile: Profile, pseudonym: string): DataSet {
  return buildDataSet([
    ...cleaned.values(),
    value('00100010', 'PN', pseudonym),
    value('00100020', 'LO', pseudonym),
    ...attestation(cleaned, profile),
  ])
}
