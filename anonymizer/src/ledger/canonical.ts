/**
 * One text for one value (RFC 8785 without fractions): keys in order, no spaces. What is hashed and
 * signed is this text, so that it comes out the same in Node, in a browser and on the server.
 */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json }

/** Throws RangeError for numbers that are no whole ones and for broken UTF-16. */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError('only whole numbers have one text')
  }
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw new RangeError('half a surrogate pair has no text')
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`
  const pairs = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => `${canonicalJson(key)}:${canonicalJson(each)}`)
  return `{${pairs.join(',')}}`
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
