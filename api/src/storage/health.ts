/** What the duties found, for administrators. */
import type { StorageHealth } from '@pandok/contract'
import type { Database } from '../platform/database.ts'
import * as store from './store.ts'

export function createHealth(db: Database): () => Promise<StorageHealth> {
  return async () => {
    const [scrub, orphans] = await Promise.all([
      store.dutyNamed(db, 'scrub'),
      store.dutyNamed(db, 'orphans'),
    ])
    return {
      ...(await store.counts(db)),
      scrub: passesOf(scrub),
      orphans: passesOf(orphans),
      findings: await store.openFindings(db),
      openFindings: await store.countOpenFindings(db),
    }
  }
}

function passesOf(duty: store.Duty): StorageHealth['scrub'] {
  const { passStartedAt, fullStartedAt, fullFinishedAt } = duty
  return {
    now:
      passStartedAt === null
        ? null
        : {
            startedAt: passStartedAt.toISOString(),
            finishedAt: null,
            blobs: duty.passBlobs,
            bytes: duty.passBytes,
          },
    last:
      fullStartedAt === null || fullFinishedAt === null
        ? null
        : {
            startedAt: fullStartedAt.toISOString(),
            finishedAt: fullFinishedAt.toISOString(),
            blobs: duty.fullBlobs ?? 0,
            bytes: duty.fullBytes ?? 0,
          },
  }
}
