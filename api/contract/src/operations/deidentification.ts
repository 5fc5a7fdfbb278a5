/**
 * How a project de-identifies: its profile in numbered versions, and its keys, of which only data
 * managers ever receive one.
 */
import { z } from 'zod'
import { operation } from '../operation.ts'
import { IsoDateTime, ProjectKey, Sha256 } from '../primitives.ts'
import { Person, PseudonymFormat } from './people.ts'

const none = z.object({})
const project = z.object({ projectKey: ProjectKey })

/** One version of a project's profile. Versions are never changed; the newest is in force. */
export const ProfileVersion = z.object({
  version: z.number().int().positive(),
  /** Name, version and edition of the standard, as (0012,0063) says it: at most 64 characters. */
  label: z.string(),
  /** Of the text's UTF-8 bytes. */
  digest: Sha256,
  setAt: IsoDateTime,
  /** Null for the one that the project was made with. */
  setBy: Person.nullable(),
})
export type ProfileVersion = z.infer<typeof ProfileVersion>

/** With the text of the profile file (YAML or JSON), as loadProfile of the anonymizer takes it. */
export const ProjectProfile = ProfileVersion.extend({ text: z.string() })
export type ProjectProfile = z.infer<typeof ProjectProfile>

/** One that comes with Pandok: to be set as it is, or to start a project's own from. */
export const BuiltInProfile = z.object({
  name: z.string(),
  label: z.string(),
  description: z.string(),
  text: z.string(),
})
export type BuiltInProfile = z.infer<typeof BuiltInProfile>

export const getProfile = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/profile',
  summary: 'The profile in force, or an earlier version of it',
  tag: 'deidentification',
  access: { kind: 'project', scope: 'project', roles: ['data-manager', 'manager', 'auditor'] },
  params: project,
  query: z.object({ version: z.coerce.number().int().positive().optional() }),
  body: undefined,
  output: ProjectProfile,
  errors: [],
  audit: 'none',
})

export const setProfile = operation({
  method: 'PUT',
  path: '/api/projects/:projectKey/profile',
  summary: 'Put another profile in force; uploads that have begun keep theirs',
  tag: 'deidentification',
  access: { kind: 'project', scope: 'project', roles: ['manager'] },
  params: project,
  query: none,
  /** The name of a built-in profile or the text of a profile file. */
  body: z.object({ profile: z.string().min(1).max(64_000) }),
  output: ProjectProfile,
  /** PROFILE_INVALID has one issue with `line`, counted from 1. */
  errors: ['PROFILE_INVALID'],
  audit: 'service',
})

export const listProfiles = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/profiles',
  summary: 'All versions of the profile, newest first, and the built-in profiles',
  tag: 'deidentification',
  access: { kind: 'project', scope: 'project', roles: ['data-manager', 'manager', 'auditor'] },
  params: project,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(ProfileVersion), builtIn: z.array(BuiltInProfile) }),
  errors: [],
  audit: 'none',
})

export const getDeidentificationKey = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/deidentification-key',
  summary: 'What a data manager’s browser or script needs to de-identify for this project',
  tag: 'deidentification',
  access: { kind: 'project', scope: 'project', roles: ['data-manager'] },
  params: project,
  query: none,
  body: undefined,
  output: z.object({
    keyBase64: z.string(),
    pseudonymFormat: PseudonymFormat,
    /** The text of the profile in force. */
    profile: z.string(),
    /** What the report of an upload names. */
    profileLabel: z.string(),
    profileDigest: Sha256,
    /** createUpload takes both, to be told when they have changed in between. */
    profileVersion: z.number().int().positive(),
    keyVersion: z.number().int().positive(),
  }),
  errors: [],
  audit: 'read',
})

/** A key by what may be told of it. */
export const KeyVersion = z.object({
  version: z.number().int().positive(),
  /** Tells keys apart, and nothing of the key. */
  fingerprint: z.string(),
  createdAt: IsoDateTime,
  /** Subjects whose pseudonym, UIDs and dates come from this key. */
  subjects: z.number().int(),
})
export type KeyVersion = z.infer<typeof KeyVersion>

export const listDeidentificationKeys = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/deidentification-keys',
  summary: 'The versions of the key, newest first; never the keys',
  tag: 'deidentification',
  access: { kind: 'project', scope: 'project', roles: ['manager', 'auditor'], admin: true },
  params: project,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(KeyVersion) }),
  errors: [],
  audit: 'none',
})

export const rotateDeidentificationKey = operation({
  method: 'POST',
  path: '/api/projects/:projectKey/deidentification-key/rotate',
  summary:
    'Make a new key for what comes from now on; a known patient becomes a new subject under it',
  tag: 'deidentification',
  access: { kind: 'project', scope: 'project', roles: ['manager'], admin: true },
  params: project,
  query: none,
  body: z.object({
    /** The version that is to be replaced: two requests at once make one new key. */
    replaces: z.number().int().positive(),
    reason: z.enum(['schedule', 'suspected-disclosure', 'person-left']),
  }),
  output: KeyVersion,
  errors: ['KEY_ROTATED'],
  audit: 'service',
})
