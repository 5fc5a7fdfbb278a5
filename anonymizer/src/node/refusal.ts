/** The closed list of why an input is left out. */
import type { DicomErrorCode } from '../dicom/index.ts'
import type { DeidErrorCode } from '../errors.ts'

export type RefusalCode =
  | DicomErrorCode
  | DeidErrorCode
  /** The file system did not let it be read. */
  | 'DEID_UNREADABLE'
  /** A mistake of ours. */
  | 'DEID_INTERNAL'
  | 'DEID_CRASHED'
  | 'DEID_TIMEOUT'
  /** The very output of another input. */
  | 'DEID_DUPLICATE'
  /** A person left it out. */
  | 'DEID_LEFT_OUT'
  | 'DEID_SOP_INSTANCE_CONFLICT'
  | 'DEID_PSEUDONYM_COLLISION'

/** What a person's eyes would let pass. */
export const WAITING: ReadonlySet<RefusalCode> = new Set(['DEID_BURNED_IN', 'DEID_PIXELS_UNSEEN'])
