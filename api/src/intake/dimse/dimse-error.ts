/** Why an association is aborted (PS3.8 9.3.8): what came is not what the protocol allows there. */

/** Of an A-ABORT by the service provider (PS3.8 table 9-26). */
export const ABORT_REASON = {
  'unrecognized-pdu': 1,
  'unexpected-pdu': 2,
  'unexpected-parameter': 5,
  'invalid-parameter': 6,
} as const

export class DimseError extends Error {
  override readonly name = 'DimseError'
  readonly reason: keyof typeof ABORT_REASON
  /** `detail` says which rule is broken; never what was sent. */
  constructor(reason: DimseError['reason'], detail: string) {
    super(`${reason}: ${detail}`)
    this.reason = reason
  }
}
