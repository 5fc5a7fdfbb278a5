/** Why a file is not de-identified. Fail closed: an error means no output. */

export type DeidErrorCode =
  | 'DEID_SOP_CLASS'
  | 'DEID_DICOMDIR'
  | 'DEID_BURNED_IN'
  | 'DEID_NO_PATIENT_ID'
  | 'DEID_NO_UID'
  | 'DEID_NO_PIXELS'
  | 'DEID_ITEMS_UNREADABLE'
  | 'DEID_PIXELS_UNSEEN'
  /** The detector sees text where nothing announced it; a person has to look. */
  | 'DEID_TEXT_FOUND'
  /** The frames cannot be decoded or encoded, so nothing in them can be blanked. */
  | 'DEID_PIXEL_CODEC'
  /** A head whose face could be rendered, and the profile refuses or it cannot be defaced. */
  | 'DEID_FACE'
  | 'DEID_KEY'
  | 'DEID_DATE'

export class DeidError extends Error {
  override readonly name = 'DeidError'
  readonly code: DeidErrorCode
  constructor(code: DeidErrorCode, detail: string) {
    super(`${code}: ${detail}`)
    this.code = code
  }
}
