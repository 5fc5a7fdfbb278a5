/**
 * Which pseudonyms stand for which subject, as keyed digests, next to the key: so that two patients
 * whose pseudonyms are the same by chance are never taken for one, in any run.
 */
import { appendFileSync, readFileSync } from 'node:fs'

export interface Subjects {
  /** False: the pseudonym stands for another subject. */
  readonly isOne: (pseudonym: string, subjectDigest: string) => boolean
}

export function openSubjects(path: string, isReadOnly: boolean): Subjects {
  const known = new Map<string, string>()
  const text = textOf(path)
  let separator = text === '' || text.endsWith('\n') ? '' : '\n'
  for (const line of text.split('\n')) {
    const [pseudonym = '', digest = ''] = line.split(' ')
    // A line torn by a kill is written again.
    if (digest.length === DIGEST_DIGITS) known.set(pseudonym, digest)
  }
  return {
    isOne: (pseudonym, subjectDigest) => {
      const digest = known.get(pseudonym)
      if (digest !== undefined) return digest === subjectDigest
      known.set(pseudonym, subjectDigest)
      if (isReadOnly) return true
      appendFileSync(path, `${separator}${pseudonym} ${subjectDigest}\n`, { mode: 0o600 })
      separator = ''
      return true
    },
  }
}

const DIGEST_DIGITS = 32

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
