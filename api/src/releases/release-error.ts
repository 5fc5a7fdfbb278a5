/** Why a release cannot be built. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError'
  readonly code:
    | 'RELEASE_INCOMPLETE_CASE'
    | 'RELEASE_TRANSFER_SYNTAX'
    | 'RELEASE_GEOMETRY'
    | 'RELEASE_LABELMAP'
    | 'RELEASE_PATH'
    | 'RELEASE_ABANDONED'
  constructor(code: ReleaseError['code'], detail: string) {
    super(`${code}: ${detail}`)
    this.code = code
  }
}
