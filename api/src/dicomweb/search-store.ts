/** QIDO-RS in SQL: conditions become clauses with parameters, attributes leave as jsonb. */
import { z } from 'zod'
import type { Queryable } from '../platform/database.ts'
import type { Key, Level } from './keys.ts'
import type { Condition, Search } from './matching.ts'

/** What may be seen: the projects of a person, or one project; below a study or series. */
export interface Scope {
  readonly personId: string | undefined
  readonly projectId: string | undefined
  readonly study?: string
  readonly series?: string
}

const Attributes = z.record(z.string(), z.looseObject({ vr: z.string() }))
export type Attributes = z.output<typeof Attributes>

const StudyPart = {
  study: z.string(),
  study_attributes: Attributes,
  modalities: z.array(z.string()).nullable(),
  series_count: z.number().nullable(),
  study_instance_count: z.number().nullable(),
}
const SeriesPart = {
  series: z.string(),
  modality: z.string(),
  series_attributes: Attributes,
  series_instance_count: z.number().nullable(),
}
const StudyRow = z.object(StudyPart)
const SeriesRow = z.object({ ...StudyPart, ...SeriesPart })
const InstanceRow = z.object({
  ...StudyPart,
  ...SeriesPart,
  instance: z.string(),
  sop_class: z.string(),
  transfer_syntax: z.string(),
  instance_attributes: Attributes,
})
export type StudyRow = z.output<typeof StudyRow>
export type SeriesRow = z.output<typeof SeriesRow>
export type InstanceRow = z.output<typeof InstanceRow>

const STUDY_COLUMNS = `s.study_instance_uid as study, s.attributes as study_attributes, s.modalities,
  s.series_count, s.instance_count as study_instance_count`
const SERIES_COLUMNS = `${STUDY_COLUMNS}, se.series_instance_uid as series, se.modality,
  se.attributes as series_attributes, se.instance_count as series_instance_count`
const SERIES_TABLES = 'series se join study s on s.id = se.study_id'
const INSTANCE_TABLES = `instance i join series se on se.id = i.series_id
  join study s on s.id = se.study_id`

/** One more than the limit, where there are as many: so that it is known. */
export async function findStudies(
  db: Queryable,
  scope: Scope,
  search: Search,
): Promise<StudyRow[]> {
  const { where, values } = clauses(scope, search)
  return await db.many(
    StudyRow,
    `select ${STUDY_COLUMNS} from study s where ${where}
      order by s.created_at, s.id ${page(search)}`,
    values,
  )
}

export async function findSeries(
  db: Queryable,
  scope: Scope,
  search: Search,
): Promise<SeriesRow[]> {
  const { where, values } = clauses(scope, search)
  return await db.many(
    SeriesRow,
    `select ${SERIES_COLUMNS} from ${SERIES_TABLES} where ${where}
      order by ${scope.study === undefined ? 'se.id' : 'se.created_at, se.id'} ${page(search)}`,
    values,
  )
}

/** `tags`: which of an instance's attributes; undefined: all of them. */
export async function findInstances(
  db: Queryable,
  scope: Scope,
  search: Search,
  tags: readonly string[] | undefined,
): Promise<InstanceRow[]> {
  const { where, values } = clauses(scope, search)
  const attributes =
    tags === undefined
      ? 'i.metadata'
      : `coalesce((select jsonb_object_agg(key, value) from jsonb_each(i.metadata)
                    where key = any($${values.push(tags)})), '{}')`
  const order = scope.study === undefined ? 'i.id' : 'se.created_at, se.id, i.sop_instance_uid'
  return await db.many(
    InstanceRow,
    `select ${SERIES_COLUMNS}, i.sop_instance_uid as instance, i.sop_class_uid as sop_class,
            i.transfer_syntax_uid as transfer_syntax, ${attributes} as instance_attributes
       from ${INSTANCE_TABLES} where ${where} order by ${order} ${page(search)}`,
    values,
  )
}

/** Whether there is such a study, or series of it, in what may be seen. */
export async function isThere(db: Queryable, scope: Scope, level: Level): Promise<boolean> {
  const { where, values } = clauses(scope, { conditions: [], zoneMinutes: undefined })
  const tables = level === 'study' ? 'study s' : SERIES_TABLES
  const row = await db.maybeOne(
    z.object({ found: z.number() }),
    `select 1 as found from ${tables} where ${where} limit 1`,
    values,
  )
  return row !== undefined
}

function page({ limit, offset }: Search): string {
  return `limit ${limit + 1} offset ${offset}`
}

function clauses(
  scope: Scope,
  { conditions, zoneMinutes }: Pick<Search, 'conditions' | 'zoneMinutes'>,
) {
  const values: unknown[] = []
  const parameter = (value: unknown) => `$${values.push(value)}`
  const all: string[] = []
  if (scope.projectId !== undefined) all.push(`s.project_id = ${parameter(scope.projectId)}`)
  else {
    const seen = `(select m.project_id from membership m where m.person_id = ${parameter(scope.personId ?? null)})`
    // Of several studies of one UID the first, which is the one that the address of a study leads to.
    all.push(`s.project_id in ${seen} and not exists (select from study o
      where o.study_instance_uid = s.study_instance_uid and (o.created_at, o.id) < (s.created_at, s.id)
        and o.project_id in ${seen})`)
  }
  if (scope.study !== undefined) all.push(`s.study_instance_uid = ${parameter(scope.study)}`)
  if (scope.series !== undefined) all.push(`se.series_instance_uid = ${parameter(scope.series)}`)
  for (const condition of conditions) all.push(clause(condition, zoneMinutes, parameter))
  return { where: all.join(' and '), values }
}

type Parameter = (value: unknown) => string

function clause(
  condition: Condition,
  zoneMinutes: number | undefined,
  parameter: Parameter,
): string {
  const { key } = condition
  switch (condition.kind) {
    case 'exact':
      return `${textSql(key)} = any(${parameter(condition.values)})`
    case 'range': {
      const sql = momentSql(key, zoneMinutes, parameter)
      const ends: string[] = []
      if (condition.from !== undefined) ends.push(`${sql} >= ${parameter(condition.from)}`)
      if (condition.to !== undefined) ends.push(`${sql} <= ${parameter(condition.to)}`)
      return ends.join(' and ')
    }
    case 'texts':
      return key.vr === 'PN'
        ? nameClause(key, condition.patterns[0] ?? '', parameter)
        : textClause(key, condition.patterns, parameter)
  }
}

function textSql(key: Key): string {
  return typeof key.sql === 'string' ? key.sql : key.sql[0]
}

function textClause(key: Key, patterns: readonly string[], parameter: Parameter): string {
  const match = (sql: string) =>
    `(${patterns.map((pattern) => `${sql} like ${parameter(pattern)}`).join(' or ')})`
  const sql = textSql(key)
  if (key.isArray === true) return `exists (select from unnest(${sql}) one where ${match('one')})`
  if (key.items === undefined) return match(sql)
  return `exists (select from jsonb_array_elements(${key.items}) item where ${match(sql)})`
}

/** Any component group, unless the key names them with `=` (PS3.5 6.2.1); empty components at the end do not count. */
function nameClause(key: Key, pattern: string, parameter: Parameter): string {
  const groups = typeof key.sql === 'string' ? [key.sql] : key.sql
  const like = (sql: string, text: string) =>
    `${sql} like lower(${parameter(text.replace(/\^+$/, ''))})`
  const wanted = pattern.split('=')
  if (wanted.length === 1) return `(${groups.map((sql) => like(sql, pattern)).join(' or ')})`
  const all = wanted.flatMap((text, at) => {
    const sql = groups[at]
    return sql === undefined || /^%*$/.test(text) ? [] : [like(sql, text)]
  })
  return all.length === 0 ? 'true' : `(${all.join(' and ')})`
}

/** With an offset from UTC in the query, moments that have one of their own are compared in that. */
function momentSql(key: Key, zoneMinutes: number | undefined, parameter: Parameter): string {
  if (zoneMinutes === undefined || key.moment === undefined) return textSql(key)
  const { date, time, zone } = key.moment
  const moment = `moment_in_zone(${date}, ${time}, ${zone}, ${parameter(zoneMinutes)})`
  return key.vr === 'DA' ? `left(${moment}, 8)` : `substr(${moment}, 9)`
}
