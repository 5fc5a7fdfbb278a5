/**
 * Outcomes: checked as typed, stored shifted. An original date lives only as long as the request
 * that brings it.
 */
import { type Outcome, type OutcomeValues, PandokError } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { Database } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import { checkQuality, type Draft } from './quality-rules.ts'
import * as store from './store.ts'
import { stageGroup } from './tnm.ts'

/** Shifts the dates of a subject, or back (deidentification/). */
type ShiftDates = <Dates extends Record<string, string | null>>(
  projectId: string,
  pseudonym: string,
  dates: Dates,
  direction: 'shift' | 'unshift',
) => Promise<Dates>

export interface OutcomeDependencies {
  readonly db: Database
  readonly clock: () => Date
  readonly shiftDates: ShiftDates
}

export function createOutcomeService({ db, clock, shiftDates }: OutcomeDependencies) {
  return {
    check: (draft: Draft) => ({
      stageGroup: stageOf(draft),
      issues: checkQuality(draft, today()),
    }),

    /** With shifted dates, as everybody else reads it. */
    get: async (caseId: string): Promise<Outcome> => {
      const subject = await subjectOf(caseId)
      return present(caseId, subject.pseudonym, await store.latestOutcome(db, caseId), 'shifted')
    },

    /** With the dates as they were typed, for the data manager who corrects them. */
    getEntry: async (caseId: string): Promise<Outcome> => {
      const subject = await subjectOf(caseId)
      const row = await store.latestOutcome(db, caseId)
      if (row === undefined) return present(caseId, subject.pseudonym, undefined, 'original')
      const values = await shifted(subject, row.values, 'unshift')
      return present(caseId, subject.pseudonym, { ...row, values }, 'original')
    },

    put: async (
      actor: Actor,
      caseId: string,
      save: { baseRevision: number; values: OutcomeValues },
    ): Promise<Outcome> => {
      const issues = checkQuality(save.values, today())
      if (issues.some((issue) => issue.severity === 'error')) {
        throw new PandokError('OUTCOME_INVALID', undefined, { issues })
      }
      const subject = await subjectOf(caseId)
      const values = await shifted(subject, save.values, 'shift')
      await db.transaction(async (tx) => {
        await store.lockCase(tx, caseId)
        const latest = await store.latestOutcome(tx, caseId)
        if ((latest?.revision ?? 0) !== save.baseRevision) {
          throw new PandokError('REVISION_STALE', `the newest revision is ${latest?.revision ?? 0}`)
        }
        const revision = save.baseRevision + 1
        const group = stageOf(values)
        await store.insertOutcome(tx, {
          caseId,
          revision,
          authorId: actor.id,
          values,
          stageGroup: group,
        })
        await recordAudit(tx, {
          actorId: actor.id,
          projectId: subject.projectId,
          action: 'putOutcome',
          objectKind: 'case',
          objectId: caseId,
          details: { revision, changed: changedFields(latest?.values, values) },
        })
      })
      return present(caseId, subject.pseudonym, await store.latestOutcome(db, caseId), 'shifted')
    },
  }

  /** The latest day that it is anywhere (UTC+14): nobody's today is in the future. */
  function today(): string {
    return new Date(clock().getTime() + 14 * 3_600_000).toISOString().slice(0, 10)
  }

  async function subjectOf(caseId: string) {
    const subject = await store.subjectOfCase(db, caseId)
    if (subject === undefined) throw new PandokError('NOT_FOUND')
    return subject
  }

  async function shifted(
    subject: { projectId: string; pseudonym: string },
    values: OutcomeValues,
    direction: 'shift' | 'unshift',
  ): Promise<OutcomeValues> {
    const { diagnosisDate, lastContactDate, ...rest } = values
    const required = { diagnosisDate, lastContactDate }
    const optional = {
      surgeryDate: rest.surgeryDate,
      radiotherapyStartDate: rest.radiotherapyStartDate,
      systemicStartDate: rest.systemicStartDate,
      recurrenceDate: rest.recurrenceDate,
      deathDate: rest.deathDate,
    }
    const { projectId, pseudonym } = subject
    return {
      ...rest,
      ...(await shiftDates(projectId, pseudonym, required, direction)),
      ...(await shiftDates(projectId, pseudonym, optional, direction)),
    }
  }
}

export type OutcomeService = ReturnType<typeof createOutcomeService>

export const outcomeAt = store.outcomeAt

function stageOf({ tnmEdition, clinicalT, clinicalN, clinicalM }: Draft) {
  if (!tnmEdition || !clinicalT || !clinicalN || !clinicalM) return null
  return stageGroup(tnmEdition, clinicalT, clinicalN, clinicalM) ?? null
}

function present(
  caseId: string,
  pseudonym: string,
  row: store.OutcomeRow | undefined,
  dates: 'shifted' | 'original',
): Outcome {
  return {
    caseId,
    pseudonym,
    revision: row?.revision ?? 0,
    values: row?.values ?? null,
    stageGroup: row?.stageGroup ?? null,
    dates,
    author: row?.author ?? null,
    updatedAt: row?.updatedAt ?? null,
  }
}

/** Names of the fields that differ, never what they hold. */
function changedFields(before: OutcomeValues | undefined, after: OutcomeValues): string[] {
  return Object.entries(after)
    .filter(([field, value]) => {
      const old: unknown = before?.[field as keyof OutcomeValues]
      return JSON.stringify(old) !== JSON.stringify(value)
    })
    .map(([field]) => field)
}
