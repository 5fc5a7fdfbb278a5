/**
 * The ledger of a project: entries are added in the transaction of what they tell of, signed with the
 * project's key, chained by the same code as the command's (ledger of the anonymizer).
 */
import { randomBytes } from 'node:crypto'
import {
  anchorOf,
  createSigner,
  type Entry,
  type Fact,
  type FactOf,
  keyFingerprint,
  LedgerError,
  lineOf,
  nextEntry,
  verifyLedger,
} from '@pandok/anonymizer/ledger'
import { type Copy, type InputOf, type Operations, PandokError } from '@pandok/contract'
import { recordAudit } from '../../platform/audit.ts'
import type { Database, Queryable, Transaction } from '../../platform/database.ts'
import type { Actor } from '../../platform/http/handler.ts'
import { keyVersionOf } from '../profile-store.ts'
import type { VaultStore } from '../vault/store.ts'
import { copiesOf } from './copies.ts'
import { entryOf, presented } from './present.ts'
import * as store from './store.ts'
import { periodFrom, termsOf } from './terms.ts'

/** The entry about the whole of a ledger: copies of many uploads are made from it. */
const OPENING = 1

export interface NewEntry {
  readonly kind: store.LedgerKind
  readonly fact: () => Fact | Promise<Fact>
  readonly objectId: string | null
  readonly actorId: string | null
}

export interface LedgerDependencies {
  readonly db: Database
  readonly vault: VaultStore
  readonly clock: () => Date
}

export function createLedger({ db, vault, clock }: LedgerDependencies) {
  const today = () => clock().toISOString().slice(0, 10)
  const keyOf = (projectId: string, version: number) => vault.read({ projectId, version })

  /** Adds one; the number that it got. The first of a project opens its ledger. */
  const append = async (tx: Transaction, projectId: string, entry: NewEntry): Promise<number> => {
    await store.lockLedger(tx, projectId)
    const signer = createSigner(await keyOf(projectId, await keyVersionOf(tx, projectId)))
    const add = async (last: Entry | undefined, each: NewEntry): Promise<Entry> => {
      const next = nextEntry(await each.fact(), { last, signer, time: clock().toISOString() })
      const { kind, objectId, actorId } = each
      const { sequence } = next
      await store.insertEntry(tx, {
        projectId,
        sequence,
        line: lineOf(next),
        kind,
        objectId,
        actorId,
      })
      return next
    }
    const row = await store.lastEntry(tx, projectId)
    const last = row === undefined ? await add(undefined, opening()) : entryOf(row.line)
    return (await add(last, entry)).sequence
  }

  /** Once for each upload: what its check took in and refused, by which profile and key. */
  const recordCheck = async (
    tx: Transaction,
    projectId: string,
    uploadId: string,
    end: { isComplete: boolean },
  ): Promise<void> => {
    if ((await store.sequenceOf(tx, projectId, 'deidentification', uploadId)) !== undefined) return
    const terms = await termsOf(tx, projectId)
    const upload = await store.uploadFacts(tx, uploadId)
    const names = await store.projectNames(tx, projectId)
    const refused = await store.refusalsByCode(tx, uploadId)
    const fact: FactOf<'deidentified'> = {
      kind: 'deidentified',
      purpose: terms.purpose,
      about: ledgerText(terms.purposeDetail),
      basis: terms.legalBasis,
      recipient: `project ${names.key}`,
      ...periodFrom(clock(), terms.retentionDays),
      profile: { label: upload.profile_label, sha256: upload.profile_digest },
      keyUsed: keyFingerprint(await keyOf(projectId, upload.key_version)),
      counts: {
        inputs: upload.received,
        written: upload.clean,
        unchanged: 0,
        refused,
        passedOver: 0,
        subjects: upload.subjects,
      },
      isComplete: end.isComplete,
      reportSha256: null,
      pseudonymTable: null,
      encryptedFor: [],
    }
    await append(tx, projectId, {
      kind: 'deidentification',
      fact: () => fact,
      objectId: uploadId,
      actorId: null,
    })
  }

  const copied = async (
    tx: Transaction,
    projectId: string,
    copy: { what: string; recipient: string; place: string; until?: string | undefined },
    of: number,
  ): Promise<Fact> => {
    const { retentionDays } = await termsOf(tx, projectId)
    return {
      kind: 'copied',
      of,
      what: ledgerText(copy.what),
      recipient: ledgerText(copy.recipient),
      place: ledgerText(copy.place),
      until: copy.until ?? periodFrom(clock(), retentionDays).until,
    }
  }

  /** A release that is built holds the data once more, here. */
  const recordRelease = async (
    tx: Transaction,
    projectId: string,
    release: { id: string; number: number; cases: number; sha256: string },
  ): Promise<void> => {
    if ((await store.sequenceOf(tx, projectId, 'release', release.id)) !== undefined) return
    const { key } = await store.projectNames(tx, projectId)
    const what = `release ${release.number}: ${release.cases} cases, SHA-256 ${release.sha256}`
    await append(tx, projectId, {
      kind: 'release',
      fact: () =>
        copied(
          tx,
          projectId,
          { what, recipient: `project ${key}`, place: 'this installation' },
          OPENING,
        ),
      objectId: release.id,
      actorId: null,
    })
  }

  const recordDownload = async (
    tx: Transaction,
    projectId: string,
    download: { releaseId: string; number: number; actor: Actor; address: string },
  ): Promise<void> => {
    const { releaseId, number, actor, address } = download
    const of = (await store.sequenceOf(tx, projectId, 'release', releaseId)) ?? OPENING
    await append(tx, projectId, {
      kind: 'download',
      fact: () =>
        copied(
          tx,
          projectId,
          {
            what: `release ${number}`,
            recipient: `${actor.displayName} (${actor.username})`,
            place: `network address ${address}`,
          },
          of,
        ),
      objectId: releaseId,
      actorId: actor.id,
    })
  }

  const recordCopy = (
    actor: Actor,
    projectId: string,
    body: InputOf<Operations['recordCopy']>['body'],
  ): Promise<Copy> =>
    refusingValues(() =>
      db.transaction(async (tx) => {
        const { releaseId, content, recipient, place, until } = body
        if (until !== undefined && until < today()) {
          throw new PandokError('INPUT_INVALID', undefined, {
            issues: [issue('body.until', 'the period has ended already')],
          })
        }
        const release =
          releaseId === undefined
            ? OPENING
            : await store.sequenceOf(tx, projectId, 'release', releaseId)
        if (release === undefined) throw new PandokError('NOT_FOUND')
        const fact = await copied(
          tx,
          projectId,
          { what: content, recipient, place, until },
          release,
        )
        const sequence = await append(tx, projectId, {
          kind: 'copy',
          fact: () => fact,
          objectId: releaseId ?? null,
          actorId: actor.id,
        })
        await audit(tx, actor, projectId, 'recordCopy', sequence)
        return await copyAt(tx, projectId, sequence)
      }),
    )

  const recordDestruction = (
    actor: Actor,
    projectId: string,
    copyId: number,
    { destroyedOn, method }: { destroyedOn: string; method: string },
  ): Promise<Copy> =>
    refusingValues(() =>
      db.transaction(async (tx) => {
        await store.lockLedger(tx, projectId)
        const copy = await copyAt(tx, projectId, copyId)
        if (copy.destroyedOn !== null) throw new PandokError('COPY_DESTROYED')
        if (destroyedOn > today() || destroyedOn < copy.givenAt.slice(0, 10)) {
          throw new PandokError('INPUT_INVALID', undefined, {
            issues: [issue('body.destroyedOn', 'not between the day it was given and today')],
          })
        }
        await append(tx, projectId, {
          kind: 'destruction',
          fact: () => ({
            kind: 'destroyed',
            copies: [copyId],
            on: destroyedOn,
            how: method,
            by: ledgerText(`${actor.displayName} (${actor.username})`),
          }),
          objectId: String(copyId),
          actorId: actor.id,
        })
        await audit(tx, actor, projectId, 'recordDestruction', copyId)
        return await copyAt(tx, projectId, copyId)
      }),
    )

  const copyAt = async (from: Queryable, projectId: string, sequence: number): Promise<Copy> => {
    const copy = (await copiesOf(from, projectId, today())).find((each) => each.id === sequence)
    if (copy === undefined) throw new PandokError('NOT_FOUND')
    return copy
  }

  return {
    append,
    recordCheck,
    recordRelease,
    recordDownload,
    recordCopy,
    recordDestruction,

    /** Overdue first; or the destroyed ones, the latest first. */
    copies: async (projectId: string, state: 'out' | 'destroyed') => {
      const all = await copiesOf(db, projectId, today())
      if (state === 'out') return all.filter((copy) => copy.destroyedOn === null)
      return all
        .filter((copy) => copy.destroyedOn !== null)
        .sort((a, b) => ((a.destroyedOn ?? '') < (b.destroyedOn ?? '') ? 1 : -1))
    },

    list: async (
      projectId: string,
      page: { before?: number | undefined; limit: number; kind?: store.LedgerKind | undefined },
    ) => {
      const rows = await store.pageOfEntries(db, projectId, page)
      const last = rows.at(-1)
      const isMore = rows.length === page.limit && last !== undefined && last.sequence > 1
      return { items: rows.map(presented), nextBefore: isMore ? last.sequence : null }
    },

    /** The lines as they stand, one after another. */
    text: async (projectId: string): Promise<string> => {
      const rows = await store.allEntries(db, projectId)
      return rows.map(({ line }) => `${line}\n`).join('')
    },

    verify: async (projectId: string) => {
      const rows = await store.allEntries(db, projectId)
      if (rows.length === 0) return { isIntact: true, entries: 0, fault: null, anchor: null }
      const versions = await keyVersionOf(db, projectId)
      const keys = Array.from({ length: versions }, (_, at) => keyOf(projectId, at + 1))
      const { entries, fault } = verifyLedger(rows.map(({ line }) => `${line}\n`).join(''), {
        signers: (await Promise.all(keys)).map(createSigner),
      })
      const last = entries.at(-1)
      return {
        isIntact: fault === undefined,
        entries: entries.length,
        fault: fault === undefined ? null : { sequence: fault.line, code: fault.code },
        anchor: last === undefined ? null : anchorOf(last),
      }
    },

    terms: (projectId: string) => termsOf(db, projectId),

    setTerms: (
      actor: Actor,
      projectId: string,
      terms: InputOf<Operations['setProcessingTerms']>['body'],
    ) =>
      db.transaction(async (tx) => {
        await store.lockLedger(tx, projectId)
        await store.insertTerms(tx, projectId, actor.id, terms)
        const { purpose, retentionDays } = terms
        await recordAudit(tx, {
          actorId: actor.id,
          projectId,
          action: 'setProcessingTerms',
          objectKind: 'project',
          objectId: projectId,
          details: { purpose, retentionDays },
        })
        return await termsOf(tx, projectId)
      }),
  }
}

export type Ledger = ReturnType<typeof createLedger>

function opening(): NewEntry {
  const ledger = randomBytes(16).toString('hex')
  return {
    kind: 'opening',
    fact: () => ({ kind: 'opened', ledger }),
    objectId: null,
    actorId: null,
  }
}

/** Names that come from elsewhere in the form that a ledger takes: one line, no e-mail address. */
function ledgerText(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll('@', ' at ')
    .trim()
    .slice(0, 300)
}

/** A text that a person typed and that holds what looks like an identifier is the person's to mend. */
async function refusingValues<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    throw new PandokError('INPUT_INVALID', undefined, { issues: [issue('body', error.message)] })
  }
}

const issue = (path: string, message: string) => ({
  path,
  code: 'LEDGER_TEXT',
  message,
  severity: 'error' as const,
})

async function audit(
  tx: Transaction,
  actor: Actor,
  projectId: string,
  action: string,
  sequence: number,
): Promise<void> {
  await recordAudit(tx, {
    actorId: actor.id,
    projectId,
    action,
    objectKind: 'ledger-entry',
    objectId: String(sequence),
  })
}
