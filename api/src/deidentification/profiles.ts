/** The profile of a project: which one is in force, its history, and another one put in force. */
import { createHash } from 'node:crypto'
import {
  BUILT_IN_NAMES,
  builtInProfileText,
  DEFAULT_PROFILE,
  loadProfile,
  type Profile,
  ProfileError,
} from '@pandok/anonymizer'
import { PandokError } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { Database, Queryable, Transaction } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import * as store from './profile-store.ts'

export function createProfiles({ db }: { db: Database }) {
  return {
    current: (projectId: string, from: Queryable = db) => read(from, projectId, undefined),
    at: (projectId: string, version: number | undefined) => read(db, projectId, version),

    list: async (projectId: string) => ({
      items: await store.profilesOf(db, projectId),
      builtIn: BUILT_IN_NAMES.map((name) => {
        const { label, description } = loadProfile(name)
        return { name, label, description, text: builtInProfileText(name) }
      }),
    }),

    /** With a new project. */
    setFirst: (tx: Transaction, projectId: string) =>
      insert(tx, projectId, { version: 1, nameOrText: DEFAULT_PROFILE, setBy: null }),

    set: (actor: Actor, projectId: string, nameOrText: string) =>
      db.transaction(async (tx) => {
        await store.lockProject(tx, projectId)
        const before = await read(tx, projectId, undefined)
        const version = before.version + 1
        await insert(tx, projectId, { version, nameOrText, setBy: actor.id })
        const { text, ...facts } = await read(tx, projectId, version)
        await recordAudit(tx, {
          actorId: actor.id,
          projectId,
          action: 'setProfile',
          objectKind: 'profile',
          objectId: String(version),
          details: { label: facts.label, digest: facts.digest },
        })
        return { text, ...facts }
      }),
  }

  async function insert(
    tx: Transaction,
    projectId: string,
    profile: { version: number; nameOrText: string; setBy: string | null },
  ): Promise<void> {
    const { version, nameOrText, setBy } = profile
    const builtIn = BUILT_IN_NAMES.find((name) => name === nameOrText)
    const text = builtIn === undefined ? nameOrText : builtInProfileText(builtIn)
    const { label } = parse(text)
    const digest = createHash('sha256').update(text).digest('hex')
    await store.insertProfile(tx, { projectId, version, text, label, digest, setBy })
  }
}

async function read(db: Queryable, projectId: string, version: number | undefined) {
  const profile = await store.profileOf(db, projectId, version)
  if (profile === undefined) throw new PandokError('NOT_FOUND')
  return profile
}

/** PROFILE_INVALID with the line; what a profile says is no secret, so its words may be quoted. */
function parse(text: string): Profile {
  try {
    return loadProfile(text)
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error
    throw new PandokError('PROFILE_INVALID', undefined, {
      issues: [
        {
          path: 'body.profile',
          code: 'PROFILE_INVALID',
          message: error.message,
          severity: 'error',
          line: error.line,
        },
      ],
    })
  }
}

export type Profiles = ReturnType<typeof createProfiles>
