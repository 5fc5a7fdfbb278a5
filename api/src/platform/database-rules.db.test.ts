/** Rules that hold whatever the code above does: each is attacked by SQL alone. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { migrate } from './migrate.ts'

const MIGRATIONS = join(import.meta.dirname, '../migrations')

let database: TestDatabase
let pool: pg.Pool
/** A project with a case, its three tasks and four persons. */
let world: Record<string, string>

beforeAll(async () => {
  database = await createTestDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 2 })
  pool.on('error', () => undefined)
})

afterAll(async () => {
  await pool.end()
  await database.drop()
})

const one = async (statement: string, values: readonly unknown[] = []): Promise<string> => {
  const { rows } = await pool.query<{ id: string }>(statement, [...values])
  return rows[0]?.id ?? ''
}
const id = (name: string) => world[name] ?? ''
const refused = async (statement: string, values: readonly unknown[] = []) => {
  const error: unknown = await pool.query(statement, [...values]).then(
    () => undefined,
    (fault: unknown) => fault,
  )
  return error instanceof pg.DatabaseError ? (error.constraint ?? error.code) : undefined
}

let round = 0
beforeEach(async () => {
  round += 1
  const person = (name: string) =>
    one('insert into person (username, display_name) values ($1, $1) returning id', [
      `${name}-${round}`,
    ])
  const project = await one(
    `insert into project (key, name_en, name_ko, pseudonym_prefix, pseudonym_digits, segments)
     values ($1, 'P', 'P', 'LC', 5, '[]') returning id`,
    [`project-${round}`],
  )
  const subject = await one(
    `insert into subject (project_id, pseudonym) values ($1, 'LC00001') returning id`,
    [project],
  )
  const reading = await one(
    'insert into reading_case (project_id, subject_id) values ($1, $2) returning id',
    [project, subject],
  )
  const task = (kind: string) =>
    one('insert into task (case_id, project_id, kind) values ($1, $2, $3) returning id', [
      reading,
      project,
      kind,
    ])
  world = {
    project,
    case: reading,
    annotate: await task('annotate'),
    'review-1': await task('review-1'),
    'review-2': await task('review-2'),
    author: await person('author'),
    first: await person('first'),
    second: await person('second'),
    other: await person('other'),
  }
  await take('annotate', 'author')
})

const reads = (kind: string, who: string) =>
  [
    'insert into case_reader (case_id, kind, person_id) values ($1, $2, $3)',
    [id('case'), kind, id(who)],
  ] as const
const holds = (kind: string, who: string) =>
  [
    'insert into assignment (task_id, case_id, kind, person_id) values ($1, $2, $3, $4)',
    [id(kind), id('case'), kind, id(who)],
  ] as const
const take = async (kind: string, who: string) => {
  const [reader, assignment] = [reads(kind, who), holds(kind, who)]
  await pool.query(reader[0], [...reader[1]])
  await pool.query(assignment[0], [...assignment[1]])
}

describe('people', () => {
  test('one active assignment a task', async () => {
    expect(await refused(...holds('annotate', 'author'))).toBe('one_active_assignment')
  })

  test('nobody reviews their own work', async () => {
    expect(await refused(...reads('review-1', 'author'))).toBe('one_part_per_person')
    expect(await refused(...reads('review-2', 'author'))).toBe('one_part_per_person')
  })

  test('the second reviewer is not the first', async () => {
    await take('review-1', 'first')
    expect(await refused(...reads('review-2', 'first'))).toBe('one_part_per_person')
    expect(await refused(...reads('review-2', 'second'))).toBeUndefined()
  })

  test('nobody takes over a part, nor holds a task without the part', async () => {
    expect(await refused(...reads('annotate', 'other'))).toBe('case_reader_pkey')
    expect(await refused(...holds('review-1', 'other'))).toContain('assignment_case_id_kind')
  })

  test('a verdict comes from the reader of that round, a return with its reason', async () => {
    await take('review-1', 'first')
    const verdict = (who: string, reason: string | null) =>
      [
        `insert into review (task_id, case_id, kind, round, reviewer_id, verdict, reason, comment,
           segmentation_revision) values ($1, $2, 'review-1', 1, $3, 'return', $4, 'why', 0)`,
        [id('review-1'), id('case'), id(who), reason],
      ] as const
    expect(await refused(...verdict('author', 'wrong-side'))).toContain('review_case_id_kind')
    expect(await refused(...verdict('first', null))).toBe('review_check')
    expect(await refused(...verdict('first', 'wrong-side'))).toBeUndefined()
  })
})

describe('what is written stays', () => {
  const RESTRICTED = '23001'

  test.each(['update audit_event set action = $1', 'delete from audit_event where $1 <> action'])(
    '%s',
    async (statement) => {
      await pool.query(
        `insert into audit_event (action, object_kind, object_id) values ('a', 'b', 'c')`,
      )
      expect(await refused(statement, ['x'])).toBe(RESTRICTED)
    },
  )

  test('the audit trail is not emptied', async () => {
    expect(await refused('truncate audit_event')).toBe(RESTRICTED)
  })

  test('outcomes are revisions', async () => {
    await pool.query(
      `insert into outcome_revision (case_id, revision, author_id, "values")
       values ($1, 1, $2, '{}')`,
      [id('case'), id('other')],
    )
    expect(await refused('update outcome_revision set stage_group = $1', ['IA1'])).toBe(RESTRICTED)
    expect(await refused('delete from outcome_revision')).toBe(RESTRICTED)
  })

  test('a frozen cohort neither thaws nor grows', async () => {
    const cohort = await one(
      `insert into cohort (project_id, name, filter, created_by)
       values ($1, 'c', '{}', $2) returning id`,
      [id('project'), id('other')],
    )
    await pool.query(
      `insert into outcome_revision (case_id, revision, author_id, "values")
       values ($1, 1, $2, '{}')`,
      [id('case'), id('other')],
    )
    await pool.query('update cohort set frozen_at = now() where id = $1', [cohort])
    expect(await refused('update cohort set frozen_at = null where id = $1', [cohort])).toBe(
      RESTRICTED,
    )
    expect(
      await refused(
        `insert into cohort_member (cohort_id, case_id, segmentation_revision, outcome_revision)
         values ($1, $2, 1, 1)`,
        [cohort, id('case')],
      ),
    ).toBe(RESTRICTED)
  })

  test('a finished release does not change', async () => {
    const cohort = await one(
      `insert into cohort (project_id, name, filter, created_by)
       values ($1, 'c', '{}', $2) returning id`,
      [id('project'), id('other')],
    )
    const release = await one(
      `insert into release (project_id, cohort_id, number, total, created_by, status, byte_count,
         sha256) values ($1, $2, 1, 0, $3, 'ready', 1, 'x') returning id`,
      [id('project'), cohort, id('other')],
    )
    expect(await refused(`update release set sha256 = 'y' where id = $1`, [release])).toBe(
      RESTRICTED,
    )
  })
})

test('migrating again, twice at once, changes nothing', async () => {
  const applied = async () =>
    (await pool.query<{ name: string }>('select name from migration order by name')).rows.map(
      ({ name }) => name,
    )
  const before = await applied()
  await Promise.all([migrate(database.url), migrate(database.url)])
  expect(await applied()).toEqual(before)
  const files = await readdir(MIGRATIONS)
  expect(before).toEqual(files.map((name) => name.replace('.sql', '')).toSorted())
  for (const file of files) {
    expect(await readFile(join(MIGRATIONS, file), 'utf8')).toMatch(/^-- Up Migration\n/)
  }
})
