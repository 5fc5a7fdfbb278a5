/** A whole Pandok whose archive tests and benches fill by themselves, past uploads. */
import { join } from 'node:path'
import { z } from 'zod'
import { openBlobs } from '../../api/src/platform/blobs/index.ts'
import { openDatabase } from '../../api/src/platform/database.ts'
import { archiveDicom } from './archive.ts'
import { startTestInstallation, type TestInstallation } from './installation.ts'

export interface Archive extends TestInstallation {
  readonly projectId: string
  readonly token: string
  readonly db: ReturnType<typeof openDatabase>
  /** Path below /dicomweb and hash of the blob. */
  readonly add: (bytes: Uint8Array) => Promise<{ path: string; sha256: string }>
}

export async function startArchive(env: Record<string, string> = {}): Promise<Archive> {
  const pandok = await startTestInstallation({ env })
  const db = openDatabase({ url: pandok.databaseUrl, poolSize: 2 })
  const blobs = openBlobs({
    location: { kind: 'file', directory: join(pandok.data, 'blobs') },
    localCopiesDirectory: join(pandok.data, 'local-copies'),
    installationKey: new Uint8Array(32),
    formerInstallationKeys: [],
    minFreeBytes: 0,
    clock: () => new Date(),
  })
  const [project] = (await pandok.as('labeler-1').getMe({ params: {} })).memberships
  const { id: projectId } = await db.one(
    z.object({ id: z.string() }),
    'select id from project where key = $1',
    [project?.projectKey],
  )
  return {
    ...pandok,
    projectId,
    db,
    token: await pandok.tokenOf('labeler-1'),
    add: (bytes) => archiveDicom({ db, blobs }, projectId, bytes),
    stop: async () => {
      await db.close()
      await pandok.stop()
    },
  }
}
