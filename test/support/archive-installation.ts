/** A whole Pandok whose archive tests and benches fill by themselves, past uploads. */
import { join } from 'node:path'
import { framePlaces, getNumber, getString, readDicom, toDicomJson } from '@pandok/anonymizer/dicom'
import { z } from 'zod'
import { openBlobs } from '../../api/src/platform/blobs/index.ts'
import { openDatabase } from '../../api/src/platform/database.ts'
import { FrameIndex } from '../../api/src/platform/frame-index.ts'
import { archiveFile } from './archive.ts'
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
    add: async (bytes) => {
      const file = readDicom(bytes)
      const of = (tag: string) => getString(file.dataSet, tag)
      const [study, series, instance] = [of('0020000D'), of('0020000E'), of('00080018')]
      const { sha256 } = await archiveFile({ db, blobs }, projectId, {
        bytes,
        instance: {
          patientId: of('00100020'),
          studyInstanceUid: study,
          seriesInstanceUid: series,
          sopInstanceUid: instance,
          sopClassUid: of('00080016'),
          transferSyntaxUid: file.transferSyntaxUid,
          modality: of('00080060'),
          numberOfFrames: getNumber(file.dataSet, '00280008') ?? 1,
          metadata: JSON.parse(JSON.stringify(toDicomJson(file.dataSet))) as never,
          frames: FrameIndex.parse(framePlaces(bytes, file)),
        },
      })
      return { path: `/studies/${study}/series/${series}/instances/${instance}`, sha256 }
    },
    stop: async () => {
      await db.close()
      await pandok.stop()
    },
  }
}
