/** Which machines may send by DIMSE, in SQL. */
import { z } from 'zod'
import type { Queryable, Transaction } from '../../platform/database.ts'
import { personOf } from '../../platform/person.ts'

const ReceiverRow = z
  .object({
    ae_title: z.string(),
    calling_ae_titles: z.array(z.string()),
    addresses: z.array(z.string()),
    set_at: z.date(),
    person_id: z.string().nullable(),
    username: z.string().nullable(),
    display_name: z.string().nullable(),
  })
  .transform((row) => ({
    aeTitle: row.ae_title,
    callingAeTitles: row.calling_ae_titles,
    addresses: row.addresses,
    setAt: row.set_at.toISOString(),
    setBy: personOf(row),
  }))

export async function receiversOf(db: Queryable, projectId: string) {
  return await db.many(
    ReceiverRow,
    `select r.ae_title, r.calling_ae_titles, r.addresses::text[] as addresses, r.set_at,
            person.id as person_id, person.username, person.display_name
       from dicom_receiver r join person on person.id = r.set_by
      where r.project_id = $1 order by r.ae_title`,
    [projectId],
  )
}

/** False when another project has the title. */
export async function putReceiver(
  tx: Transaction,
  receiver: {
    projectId: string
    aeTitle: string
    callingAeTitles: readonly string[]
    addresses: readonly string[]
    personId: string
  },
): Promise<boolean> {
  const { projectId, aeTitle, callingAeTitles, addresses, personId } = receiver
  const put = await tx.run(
    `insert into dicom_receiver as r (ae_title, project_id, calling_ae_titles, addresses, set_by)
     values ($1, $2, $3, $4::text[]::cidr[], $5)
     on conflict (ae_title) do update
       set calling_ae_titles = excluded.calling_ae_titles, addresses = excluded.addresses,
           set_by = excluded.set_by, set_at = now()
       where r.project_id = excluded.project_id`,
    [aeTitle, projectId, callingAeTitles, addresses, personId],
  )
  return put === 1
}

export async function removeReceiver(
  tx: Transaction,
  projectId: string,
  aeTitle: string,
): Promise<boolean> {
  const removed = await tx.run(
    'delete from dicom_receiver where project_id = $1 and ae_title = $2',
    [projectId, aeTitle],
  )
  return removed === 1
}

/** undefined: nobody is called so. */
export async function admissionOf(
  db: Queryable,
  titles: { called: string; calling: string; address: string },
) {
  return await db.maybeOne(
    z
      .object({ project_id: z.string(), set_by: z.string(), may_send: z.boolean() })
      .transform((row) => ({
        projectId: row.project_id,
        personId: row.set_by,
        maySend: row.may_send,
      })),
    `select project_id, set_by,
            $2 = any(calling_ae_titles)
              and (cardinality(addresses) = 0 or $3::inet <<= any(addresses)) as may_send
       from dicom_receiver where ae_title = $1`,
    [titles.called, titles.calling, titles.address],
  )
}
