/** Why an approved upload cannot be archived. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
  readonly code: 'ARCHIVE_CONFLICT'
  constructor(code: ArchiveError['code'], detail: string) {
    super(`${code}: ${detail}`)
    this.code = code
  }
}
