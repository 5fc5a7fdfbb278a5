/**
 * The evidence pack for a review board: a zip with a readable page, the same as JSON, every profile that
 * was in force, the ledger line by line, and the headers of a sample.
 */
import type { Readable } from 'node:stream'
import yazl from 'yazl'
import type { BytesAnswer } from '../../platform/http/handler.ts'
import { evidencePage } from './evidence-page.ts'
import { sampleOfInstances } from './evidence-store.ts'
import { type EvidenceDependencies, summaryOf } from './evidence-summary.ts'

const SAMPLE = 20

export function createEvidence(deps: EvidenceDependencies) {
  return {
    pack: async (projectId: string, projectKey: string): Promise<BytesAnswer> => {
      const sample = await sampleOfInstances(deps.db, projectId, SAMPLE)
      const summary = await summaryOf(deps, projectId, projectKey, sample.length)
      const zip = new yazl.ZipFile()
      const add = (path: string, text: string) => zip.addBuffer(Buffer.from(text), path)
      add('evidence.html', evidencePage(summary))
      add('evidence.json', json(summary))
      add('ledger.jsonl', await deps.ledger.text(projectId))
      for (const { version } of summary.profiles) {
        const { text } = await deps.profiles.at(projectId, version)
        add(`profiles/v${version}.yaml`, text)
      }
      for (const { uid, metadata } of sample) add(`sample/${uid}.json`, json(metadata))
      zip.end()
      return {
        type: 'application/zip',
        // yazl types it as the older interface; it is a PassThrough.
        // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
        body: zip.outputStream as Readable,
        headers: {
          'content-disposition': `attachment; filename="pandok-${projectKey}-evidence.zip"`,
          'cache-control': 'private, no-store',
        },
      }
    },
  }
}

export type Evidence = ReturnType<typeof createEvidence>

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`
