/** What a command says when it cannot go on: a sentence without a value or the name of any input. */

/** What is wrong with the call or the machine. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Errors of ours: their messages are written to be shown. */
const SHOWN = new Set(['UsageError', 'InputError', 'DeidError', 'LedgerError'])

/** Throws what is a mistake of ours. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) throw error
  if (SHOWN.has(error.name)) return error.message
  if (error.name === 'ProfileError') return `the profile: ${error.message}`
  if (error.name === 'OutputError') return `the output cannot be written (${error.message})`
  if ('code' in error && 'syscall' in error) {
    return `the file system refused ${String(error.syscall)} (${String(error.code)})`
  }
  throw error
}
