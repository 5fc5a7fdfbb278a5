/**
 * A profile: which options of PS3.15 annex E apply, what differs from them, and what is refused.
 * Files are YAML or JSON:
 *
 *     name: our-trial
 *     version: 1
 *     options: [retain-modified-dates, clean-descriptors]
 *     overrides:
 *       - attribute: StationName      # keyword, tag (0008,1010), or 00081010
 *         action: X                   # D, Z, X, K, U or C
 *     sopClasses: [1.2.840.10008.5.1.4.1.1.2]   # all that are handled, when left out
 *     pixels:
 *       unseen: refuse                # or keep: what may have text burned in and nobody looked at
 *       look: sample                  # or all: which frames the detector sees where none announces text
 *     faces: refuse                   # or deface, keep: heads in CT and MR that could be rendered
 *     agesOver89: keep                # or generalise: 090Y in place of them
 *     documents: refuse               # or keep: encapsulated PDF and CDA, audio, video
 *     encryptedAttributes: remove     # or keep: the encrypted way back of PS3.15 E.1.1 may be in outputs
 *     limits: { frames: 50000 }       # of depth, parts, fragments, valueBytes, frames (dicom/read.ts)
 */
import { type Document, isMap, LineCounter, parseDocument } from 'yaml'
import * as z from 'zod'
import {
  DEFAULT_LIMITS,
  isPrivate,
  isTag,
  type ReadLimits,
  type Tag,
  tagOf,
} from '../dicom/index.ts'
import basic from './builtin/basic.json' with { type: 'json' }
import openRelease from './builtin/open-release.json' with { type: 'json' }
import researchLongitudinal from './builtin/research-longitudinal.json' with { type: 'json' }
import { BUILT_IN_NAMES } from './names.ts'
import { OPTIONS, type Option } from './options.ts'
import { EDITION } from './table.ts'
import { iodOf } from './types.ts'

export type OverrideAction = 'D' | 'Z' | 'X' | 'K' | 'U' | 'C'

export interface Profile {
  readonly name: string
  readonly version: number
  readonly description: string
  readonly options: ReadonlySet<Option>
  readonly overrides: ReadonlyMap<Tag, OverrideAction>
  /** undefined: every SOP class that is handled. */
  readonly sopClasses: ReadonlySet<string> | undefined
  readonly pixels: { readonly unseen: 'refuse' | 'keep'; readonly look: 'sample' | 'all' }
  readonly faces: 'refuse' | 'deface' | 'keep'
  /** What becomes of ages that stay. */
  readonly agesOver89: 'keep' | 'generalise'
  readonly documents: 'refuse' | 'keep'
  /** Whether outputs may hold (0400,0500), the original values for recipients of the hospital's. */
  readonly encryptedAttributes: 'remove' | 'keep'
  /** What a file may cost before it is refused. */
  readonly limits: ReadLimits
  /** Name, version and edition of the standard: what (0012,0063) says. */
  readonly label: string
}

export type ProfileFault =
  /** No YAML. */
  | 'SYNTAX'
  | 'KEY_TWICE'
  | 'NO_PROFILE'
  | 'ALIASES'
  | 'UNKNOWN_KEY'
  | 'MISSING'
  | 'TYPE'
  | 'CHOICE'
  | 'TOO_SMALL'
  | 'TOO_LARGE'
  | 'NAME'
  | 'DATES_TWICE'
  | 'NO_ATTRIBUTE'
  | 'NO_SOP_CLASS'
  | 'ENGINE_SETS'
  | 'PRIVATE'

export interface ProfileFacts {
  /** The path in the profile, such as overrides.0.action. */
  readonly where?: string
  /** What may stand there, or how much. */
  readonly allowed?: string
}

/** What is wrong with a profile, in a code with facts and in English; `line` counts from 1. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError'
  readonly line: number
  readonly code: ProfileFault
  readonly facts: ProfileFacts
  constructor(line: number, code: ProfileFault, detail: string, facts: ProfileFacts = {}) {
    super(`line ${line}: ${detail}`)
    this.line = line
    this.code = code
    this.facts = facts
  }
}

const optionNames = Object.keys(OPTIONS) as Option[]

const attribute = z.string().transform((text, context) => {
  const tag = tagFrom(text)
  if (tag !== undefined) return tag
  context.addIssue({
    code: 'custom',
    message: `no attribute is called ${text}`,
    params: faulty('NO_ATTRIBUTE'),
  })
  return z.NEVER
})

/** What our own checks say, besides their words. */
function faulty(fault: ProfileFault): { readonly fault: ProfileFault } {
  return { fault }
}

/** Higher ones are no limit any more. */
const limit = (usual: number, most: number) => z.int().min(1).max(most).default(usual)

const schema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'a name is small letters, digits and hyphens'),
  // With the longest name it still fits into (0012,0063): 64 characters.
  version: z.int().min(1).max(999_999),
  description: z.string().max(500).default(''),
  options: z
    .array(z.enum(optionNames))
    .refine(
      (options) =>
        !['retain-full-dates', 'retain-modified-dates'].every((each) =>
          options.includes(each as Option),
        ),
      {
        message: 'dates are either kept in full or modified, not both',
        params: faulty('DATES_TWICE'),
      },
    ),
  overrides: z
    .array(z.strictObject({ attribute, action: z.enum(['D', 'Z', 'X', 'K', 'U', 'C']) }))
    .default([]),
  sopClasses: z
    .array(
      z.string().refine((uid) => iodOf(uid) !== undefined, {
        message: 'not a storage SOP class of the standard',
        params: faulty('NO_SOP_CLASS'),
      }),
    )
    .optional(),
  pixels: z
    .strictObject({
      unseen: z.enum(['refuse', 'keep']).default('refuse'),
      look: z.enum(['sample', 'all']).default('sample'),
    })
    .prefault({}),
  faces: z.enum(['refuse', 'deface', 'keep']).default('refuse'),
  agesOver89: z.enum(['keep', 'generalise']).default('keep'),
  documents: z.enum(['refuse', 'keep']).default('refuse'),
  encryptedAttributes: z.enum(['remove', 'keep']).default('remove'),
  limits: z
    .strictObject({
      depth: limit(DEFAULT_LIMITS.depth, 64),
      parts: limit(DEFAULT_LIMITS.parts, 10_000_000),
      fragments: limit(DEFAULT_LIMITS.fragments, 1_000_000),
      valueBytes: limit(DEFAULT_LIMITS.valueBytes, 1024 * 1024 * 1024),
      frames: limit(DEFAULT_LIMITS.frames, 1_000_000),
    })
    .prefault({}),
})

/** What these say is set by the engine; no profile may change it. */
const FIXED: ReadonlySet<Tag> = new Set([
  '00080005',
  '00080016',
  '00080018',
  '00100010',
  '00100020',
  '00120062',
  '00120063',
  '00120064',
  '00280303',
  '04000500',
])

const BUILT_IN: readonly unknown[] = [basic, researchLongitudinal, openRelease]

/** The text of a profile that is built in, as a file of one's own would say it. */
export function builtInProfileText(name: (typeof BUILT_IN_NAMES)[number]): string {
  return `${JSON.stringify(BUILT_IN[BUILT_IN_NAMES.indexOf(name)], null, 2)}\n`
}

/** By the name of one that is built in, or from the text of a file. ProfileError names the line. */
export function loadProfile(nameOrText: string): Profile {
  const at = BUILT_IN_NAMES.findIndex((name) => name === nameOrText)
  if (at !== -1) return fromParsed(BUILT_IN[at], () => 1)
  const counter = new LineCounter()
  const document = parseDocument(nameOrText, { lineCounter: counter, uniqueKeys: true })
  const [broken] = document.errors
  if (broken !== undefined) {
    throw new ProfileError(
      counter.linePos(broken.pos[0]).line,
      broken.code === 'DUPLICATE_KEY' ? 'KEY_TWICE' : 'SYNTAX',
      broken.message.split('\n')[0] ?? '',
    )
  }
  if (!isMap(document.contents)) {
    const allowed = BUILT_IN_NAMES.join(', ')
    throw new ProfileError(1, 'NO_PROFILE', `neither a profile nor one of ${allowed}`, { allowed })
  }
  return fromParsed(plain(document), (path) => {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true)
      const range = (node as { range?: readonly number[] } | undefined)?.range
      if (range?.[0] !== undefined) return counter.linePos(range[0]).line
    }
    return 1
  })
}

/** Aliases could make a short text a very long one. */
function plain(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch {
    throw new ProfileError(1, 'ALIASES', 'a profile has no aliases')
  }
}

function fromParsed(parsed: unknown, lineOf: (path: readonly PropertyKey[]) => number): Profile {
  const result = schema.safeParse(parsed)
  if (!result.success) {
    const [issue] = result.error.issues
    if (issue === undefined) throw result.error
    const more = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
    const path = [...issue.path, ...more]
    const where = path.join('.')
    const { code, allowed } = faultOf(issue, parsed)
    throw new ProfileError(lineOf(path), code, `${where}: ${issue.message}`, {
      where,
      ...(allowed === undefined ? {} : { allowed }),
    })
  }
  const { overrides, options, sopClasses, ...rest } = result.data
  overrides.forEach(({ attribute: tag }, at) => {
    const line = () => lineOf(['overrides', at])
    const where = `(${tag})`
    if (FIXED.has(tag)) {
      throw new ProfileError(line(), 'ENGINE_SETS', `${where} is set by the engine`, { where })
    }
    if (isPrivate(tag)) {
      const detail = `${where} is private: its block is not known here`
      throw new ProfileError(line(), 'PRIVATE', detail, { where })
    }
  })
  return {
    ...rest,
    options: new Set(options),
    overrides: new Map(overrides.map((each) => [each.attribute, each.action])),
    sopClasses: sopClasses === undefined ? undefined : new Set(sopClasses),
    label: `Pandok ${rest.name} v${rest.version}, PS3.15 ${EDITION}`,
  }
}

function faultOf(
  issue: z.core.$ZodIssue,
  parsed: unknown,
): { readonly code: ProfileFault; readonly allowed?: string } {
  switch (issue.code) {
    case 'unrecognized_keys':
      return { code: 'UNKNOWN_KEY' }
    case 'invalid_type':
      return isThere(parsed, issue.path)
        ? { code: 'TYPE', allowed: issue.expected }
        : { code: 'MISSING' }
    case 'invalid_value':
      return { code: 'CHOICE', allowed: issue.values.join(', ') }
    case 'too_small':
      return { code: 'TOO_SMALL', allowed: String(issue.minimum) }
    case 'too_big':
      return { code: 'TOO_LARGE', allowed: String(issue.maximum) }
    case 'custom': {
      const fault: unknown = issue.params?.['fault']
      return { code: OWN_FAULTS.find((each) => each === fault) ?? 'TYPE' }
    }
    case 'invalid_format':
      return { code: 'NAME' }
    default:
      return { code: 'TYPE' }
  }
}

const OWN_FAULTS = ['DATES_TWICE', 'NO_ATTRIBUTE', 'NO_SOP_CLASS'] as const

function isThere(parsed: unknown, path: readonly PropertyKey[]): boolean {
  let at = parsed
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return false
    at = Reflect.get(at, step)
  }
  return true
}

function tagFrom(text: string): Tag | undefined {
  const digits = text.replace(/^\((.{4}),(.{4})\)$/, '$1$2').toUpperCase()
  if (isTag(digits)) return digits
  try {
    return tagOf(text)
  } catch {
    return undefined
  }
}
