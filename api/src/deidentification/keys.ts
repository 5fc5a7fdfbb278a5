/**
 * The keys of a project: made with it, given to data managers, replaced by newer ones. Old versions stay
 * in the vault: the dates of their subjects are shifted by them.
 */
import { openVault, shiftIsoDate } from '@pandok/anonymizer'
import { keyFingerprint } from '@pandok/anonymizer/ledger'
import { PandokError } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { Database, Transaction } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import type { Ledger } from './ledger/index.ts'
import * as store from './profile-store.ts'
import type { Profiles } from './profiles.ts'
import type { VaultStore } from './vault/store.ts'

/** Shifts every date by the subject's offset, or back; null stays null. */
type ShiftDates = <Dates extends Record<string, string | null>>(
  projectId: string,
  pseudonym: string,
  dates: Dates,
  direction: 'shift' | 'unshift',
) => Promise<Dates>

export function createKeys(deps: {
  db: Database
  vault: VaultStore
  profiles: Profiles
  ledger: Ledger
}) {
  const { db, vault, profiles, ledger } = deps

  const shiftDates: ShiftDates = async (projectId, pseudonym, dates, direction) => {
    const version = await store.keyVersionOfSubject(db, projectId, pseudonym)
    if (version === undefined) throw new PandokError('NOT_FOUND')
    const key = await vault.read({ projectId, version })
    const offset = openVault(key, await store.pseudonymFormat(db, projectId)).dateOffsetDays(
      pseudonym,
    )
    const days = direction === 'shift' ? offset : -offset
    const shifted = Object.entries(dates).map(([name, date]) => [
      name,
      date === null ? null : shiftIsoDate(date, days),
    ])
    return Object.fromEntries(shifted) as typeof dates
  }

  const list = async (projectId: string) => {
    const [current, createdAt, subjects] = await Promise.all([
      store.keyVersionOf(db, projectId),
      vault.createdAt(projectId),
      store.subjectsByKey(db, projectId),
    ])
    const versions = Array.from({ length: current }, (_, at) => current - at)
    return await Promise.all(
      versions.map(async (version) => ({
        version,
        fingerprint: keyFingerprint(await vault.read({ projectId, version })),
        createdAt: (createdAt.get(version) ?? new Date(0)).toISOString(),
        subjects: subjects.get(version) ?? 0,
      })),
    )
  }

  return {
    shiftDates,
    list,
    /** For the server's own de-identification. */
    keyOf: (projectId: string, version: number) => vault.read({ projectId, version }),
    claimSubjects: vault.claimSubjects,
    giveBackSubjects: vault.giveBackSubjects,

    /** Key and profile exist from the first moment of a project. */
    prepareProject: async (tx: Transaction, projectId: string): Promise<void> => {
      // First the key, in its own store: a project without one must never be seen.
      await vault.create({ projectId, version: 1 })
      await profiles.setFirst(tx, projectId)
    },

    /** What a data manager's browser or script needs. */
    kitFor: async (projectId: string) => {
      const profile = await profiles.current(projectId)
      const keyVersion = await store.keyVersionOf(db, projectId)
      const key = await vault.read({ projectId, version: keyVersion })
      return {
        keyBase64: Buffer.from(key).toString('base64'),
        pseudonymFormat: await store.pseudonymFormat(db, projectId),
        profile: profile.text,
        profileLabel: profile.label,
        profileDigest: profile.digest,
        profileVersion: profile.version,
        keyVersion,
      }
    },

    rotate: async (
      actor: Actor,
      projectId: string,
      { replaces, reason }: { replaces: number; reason: string },
    ) => {
      const version = replaces + 1
      await db.transaction(async (tx) => {
        const { keyVersion } = await store.lockProject(tx, projectId)
        if (keyVersion !== replaces) throw new PandokError('KEY_ROTATED')
        // A key that an earlier, broken attempt left behind was never given to anybody: it will do.
        await vault.create({ projectId, version })
        const to = keyFingerprint(await vault.read({ projectId, version }))
        await ledger.append(tx, projectId, {
          kind: 'key-rotation',
          fact: () => ({ kind: 'key-rotated', to }),
          objectId: String(version),
          actorId: actor.id,
        })
        await store.setKeyVersion(tx, projectId, version)
        await recordAudit(tx, {
          actorId: actor.id,
          projectId,
          action: 'rotateDeidentificationKey',
          objectKind: 'key',
          objectId: String(version),
          details: { reason },
        })
      })
      const made = (await list(projectId)).find((each) => each.version === version)
      if (made === undefined) throw new PandokError('CONFLICT')
      return made
    },
  }
}
