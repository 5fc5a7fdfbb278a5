/** What can be wrong with bytes that claim to be DICOM. Messages hold tags and offsets, no values. */

export type DicomErrorCode =
  | 'DICOM_NOT_PART10'
  | 'DICOM_META_INVALID'
  | 'DICOM_TRANSFER_SYNTAX'
  | 'DICOM_TRUNCATED'
  | 'DICOM_LENGTH'
  | 'DICOM_VR'
  | 'DICOM_TAG_ORDER'
  | 'DICOM_DEPTH'
  | 'DICOM_TOO_MANY'
  | 'DICOM_ITEM'
  | 'DICOM_PIXEL_LENGTH'
  | 'DICOM_FRAMES'
  /** Frames of segments that the header does not describe. */
  | 'DICOM_SEGMENTS'
  | 'DICOM_CHARSET'
  | 'DICOM_VALUE'
  | 'DICOM_TOO_LARGE'
  | 'DICOM_ARCHIVE'

export class DicomError extends Error {
  override readonly name = 'DicomError'
  readonly code: DicomErrorCode
  constructor(code: DicomErrorCode, detail: string) {
    super(`${code}: ${detail}`)
    this.code = code
  }
}
