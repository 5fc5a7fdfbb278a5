/**
 * Paths inside a release: relative, with forward slashes, and files of these names on every system
 * that somebody may unpack on. The writer refuses others, the verifier reports them.
 */

/** Names that Windows keeps for devices, with any extension. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i
/** Control characters, and what Windows takes as a separator or refuses. */
const FORBIDDEN = /[\u0000-\u001f\u007f\\:*?"<>|]/

export function isReleasePath(path: string): boolean {
  return (
    path.length <= 1024 &&
    path.split('/').every((name) => {
      const isPlain = name !== '' && name !== '.' && name !== '..'
      return isPlain && !FORBIDDEN.test(name) && !/[. ]$/.test(name) && !RESERVED.test(name)
    })
  )
}

/** Two paths with one key would be one file on systems that do not tell case or accents apart. */
export function pathKey(path: string): string {
  return path.normalize('NFC').toLowerCase()
}
