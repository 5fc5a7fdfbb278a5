/** What is asked of a peer, and how dates of DICOM (PS3.5 DA) are written here. Pure. */
export const PAGE_SIZE = 50

/** As the form has it; dates as the browser's fields do, `2024-01-31`, empty without. */
export interface Query {
  readonly peerKey: string
  readonly patientId: string
  readonly from: string
  readonly until: string
  readonly accessionNumber: string
}

/** Nothing is asked for that was not filled in. */
export function queryOf({ patientId, from, until, accessionNumber }: Query) {
  const date = (text: string) => text.replaceAll('-', '')
  // One day is a date, anything else a range that may be open at one end (PS3.4 C.2.2.2.5).
  const studyDate = from === until ? date(from) : `${date(from)}-${date(until)}`
  return {
    ...(patientId.trim() === '' ? {} : { patientId: patientId.trim() }),
    ...(accessionNumber.trim() === '' ? {} : { accessionNumber: accessionNumber.trim() }),
    ...(studyDate === '' ? {} : { studyDate }),
  }
}

/** `20240131` as `2024-01-31`; anything else as it is. */
export function dateOf(studyDate: string): string {
  return studyDate.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')
}

/** `HONG^GILDONG` with its components apart (PS3.5 6.2.1). */
export function nameOf(patientName: string): string {
  return patientName.split('^').filter(Boolean).join(' ')
}
