/** Which words the reason of a failed job or upload has (`jobs.reasons`), and what helps. Pure. */

/** Reasons that have words, each with what helps against it. */
const HELP = {
  JOB_CANCELLED: undefined,
  JOB_WORKER_STOPPED: undefined,
  JOB_WORKER_DIED: 'memory',
  JOB_GIVE_UP_FAILED: 'operator',
  DISK_FULL: 'space',
  DISK_FAILED: 'operator',
  NOT_ALLOWED: 'operator',
  MEMORY: 'memory',
  DATABASE: 'again',
  STORAGE_UNAVAILABLE: 'again',
  CONNECTION: 'again',
  TIMEOUT: 'again',
  CONFLICT: 'again',
  BLOB_MISSING: 'operator',
  BLOB_DAMAGED: 'operator',
  BLOB_KEY_UNKNOWN: 'key',
  PEER_FAILED: 'peer',
  NOT_FOUND: 'gone',
  TOO_LARGE: 'smaller',
  UPLOAD_NOTHING_CLEAN: 'files',
  DEIDENTIFICATION_CHANGED: 'files',
  OTHER: 'unknown',
} as const satisfies Record<string, string | undefined>

export type ReasonWords = keyof typeof HELP
export type Help = NonNullable<(typeof HELP)[ReasonWords]>

/** Codes of the operating system and of PostgreSQL that mean the same to a person. */
const SAME: readonly (readonly [ReasonWords, RegExp])[] = [
  ['DISK_FULL', /^(ENOSPC|EDQUOT|53100|STORAGE_FULL)$/],
  ['DISK_FAILED', /^(EIO|58030|XX00[12])$/],
  ['NOT_ALLOWED', /^(EACCES|EPERM|EROFS|42501)$/],
  ['MEMORY', /^(ENOMEM|53200)$/],
  ['DATABASE', /^(DATABASE_UNAVAILABLE|08\w{3}|57P\w{2}|57014|53\w{3}|40\w{3}|55P03)$/],
  ['CONNECTION', /^(ECONN\w+|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_\w+)$/],
  ['TIMEOUT', /^(ETIMEDOUT|TIMEOUT|TimeoutError)$/],
]

export function reasonWords(code: string): ReasonWords {
  const same = SAME.find(([, pattern]) => pattern.test(code))
  return same?.[0] ?? (isWords(code) ? code : 'OTHER')
}

const isWords = (code: string): code is ReasonWords => Object.hasOwn(HELP, code)

/** undefined: nothing needs to be done. */
export const helpFor = (code: string): Help | undefined => HELP[reasonWords(code)]
