/** Answers in the DICOM JSON Model, the one form of metadata that is made here (PS3.18 8.7.3). */
import { PandokError } from '@pandok/contract'
import { covers, readAccept } from './accept.ts'
import type { Query } from './matching.ts'

export const JSON_TYPE = 'application/dicom+json'

/** NOT_ACCEPTABLE where only another form is asked for, such as XML. */
export function requireJson(accept: string | undefined, query: Query): void {
  const isAccepted = readAccept(accept, query).some(
    (range) =>
      !range.isMultipart && (covers(range, JSON_TYPE) || covers(range, 'application/json')),
  )
  if (!isAccepted) throw new PandokError('NOT_ACCEPTABLE', `only ${JSON_TYPE} is made here`)
}
