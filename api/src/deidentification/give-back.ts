/**
 * The job after an upload of which nothing is kept: the pseudonyms that only it held are free again, so
 * that a patient whose images were rejected stands in nobody's way.
 */
import { z } from 'zod'
import type { Database } from '../platform/database.ts'
import { AS_IT_IS, defineJob, type Job } from '../platform/jobs/index.ts'
import * as store from './store.ts'
import type { VaultStore } from './vault/store.ts'

export const GIVE_BACK_SUBJECTS = 'deidentification.give-back'

const Payload = z.object({ uploadId: z.string() })

export function giveBackSubjectsJob(deps: {
  db: Database
  giveBack: VaultStore['giveBackSubjects']
}): Job {
  const { db, giveBack } = deps
  return defineJob({
    name: GIVE_BACK_SUBJECTS,
    payload: Payload,
    handle: async ({ uploadId }) => {
      const projectId = await store.projectOfUnkept(db, uploadId)
      if (projectId !== undefined) await giveBack(projectId, uploadId)
    },
    // A claim that stays refuses a file too many, never one too few.
    giveUp: () => Promise.resolve(),
    retry: AS_IT_IS,
  })
}
