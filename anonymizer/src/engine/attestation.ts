/** What a de-identified object says of itself (PS3.15 E.1.1, PS3.3 C.7.1.1, C.12.1). */
import { dataSet, type Element, sequence, value } from '../dicom/index.ts'
import { PROFILE_NAME } from '../profile/profile.ts'

const code = (codeValue: string, meaning: string) =>
  dataSet([
    value('00080100', 'SH', codeValue),
    value('00080102', 'SH', 'DCM'),
    value('00080104', 'LO', meaning),
  ])

/** PS3.16 CID 7050 */
const METHOD_CODES = [
  code('113100', 'Basic Application Confidentiality Profile'),
  code('113107', 'Retain Longitudinal Temporal Information Modified Dates Option'),
]

export const ATTESTATION: readonly Element[] = [
  value('00120062', 'CS', 'YES'),
  value('00120063', 'LO', `Pandok ${PROFILE_NAME}`),
  sequence('00120064', METHOD_CODES),
  value('00280303', 'CS', 'MODIFIED'),
]
export const ATTESTATION_TAGS: ReadonlySet<string> = new Set(ATTESTATION.map(({ tag }) => tag))
