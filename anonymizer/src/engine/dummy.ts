/** What D leaves behind: one fixed value per VR, so that the check can tell it from an original. */
import { type ValueElement, type Vr, value } from '../dicom/index.ts'

const TEXT = 'ANONYMIZED'
const DUMMIES: Partial<Record<Vr, string | number>> = {
  AE: TEXT,
  AS: '000Y',
  CS: TEXT,
  DA: '19000101',
  DS: '0',
  DT: '19000101000000',
  FD: 0,
  FL: 0,
  IS: '0',
  LO: TEXT,
  LT: TEXT,
  PN: TEXT,
  SH: TEXT,
  SL: 0,
  SS: 0,
  ST: TEXT,
  TM: '000000',
  UC: TEXT,
  UL: 0,
  UR: 'urn:anonymized',
  US: 0,
  UT: TEXT,
}

/** undefined: the VR has no harmless value; the element must go. */
export function dummyOf(tag: string, vr: ValueElement['vr']): ValueElement | undefined {
  const content = DUMMIES[vr]
  return content === undefined ? undefined : value(tag, vr, content)
}
