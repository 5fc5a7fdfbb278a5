/** What is wrong with the call or with what the command finds: a sentence without a value. Exit 2. */
export class UploadError extends Error {
  override readonly name = 'UploadError'
}
