/**
 * Makes records of the pseudonym table in the process that parses originals: what names a patient
 * leaves it sealed only, for whoever appends it and whoever logs.
 */
import { type ByteSource, getString, readDicom } from '../dicom/index.ts'
import { type BoxKeys, openBox, sealBox } from './sealed-box.ts'

export interface TableKey {
  /** Fingerprint of the table. */
  readonly table: string
  readonly publicKey: Uint8Array
}

export interface SealedRecord {
  readonly pseudonym: string
  /** Study Instance UID of the output. */
  readonly study: string
  /** An `Original` in a sealed box, in base64. */
  readonly sealed: string
}

/** What stands in a box. */
export interface Original {
  readonly patientId: string
  readonly studyInstanceUid: string
}

/** Boxes are of few lengths: they must not tell how long an ID is. */
const PADDED_BYTES = 256
const MAX_REMEMBERED = 10_000

/** A record for each study that it did not see before; undefined for the others. */
export function createRecordSealer({ table, publicKey }: TableKey) {
  const seen = new Set<string>()
  return (
    original: Uint8Array | ByteSource,
    output: { pseudonym: string; studyInstanceUid: string },
  ): SealedRecord | undefined => {
    const { pseudonym, studyInstanceUid: study } = output
    if (seen.has(`${pseudonym} ${study}`)) return undefined
    if (seen.size >= MAX_REMEMBERED) seen.clear()
    seen.add(`${pseudonym} ${study}`)
    const { dataSet } = readDicom(original)
    const plain: Original = {
      patientId: getString(dataSet, '00100020'),
      studyInstanceUid: getString(dataSet, '0020000D'),
    }
    const text = Buffer.from(JSON.stringify(plain))
    const padded = Buffer.alloc(Math.ceil(text.length / PADDED_BYTES) * PADDED_BYTES, ' ')
    text.copy(padded)
    const sealed = sealBox(padded, publicKey, beside(table, pseudonym, study))
    return { pseudonym, study, sealed: Buffer.from(sealed).toString('base64') }
  }
}

/** undefined: the record was changed, or is of another table. */
export function openRecord(
  table: string,
  { pseudonym, study, sealed }: SealedRecord,
  keys: BoxKeys,
): Original | undefined {
  const text = openBox(Buffer.from(sealed, 'base64'), keys, beside(table, pseudonym, study))
  return text === undefined ? undefined : (JSON.parse(Buffer.from(text).toString()) as Original)
}

function beside(table: string, pseudonym: string, study: string): string {
  return [table, pseudonym, study].join('\n')
}
