/**
 * The step of the check that de-identifies what other systems sent: each file in a caged child process,
 * by the project's profile and key, from quarantine to staging under the hash of the clean file. The
 * clean file passes the same check as one that a sender cleaned. A file that is clean already passes as it is.
 *
 * Batches are recorded in one transaction each; after a crash the rest is done, and a file whose record
 * was lost becomes the same clean file again.
 */
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { CheckPool, CleanAnswer, CleanPool, CleanSettings } from '@pandok/anonymizer/node'
import type { PseudonymFormat, SubjectClaim } from '@pandok/contract'
import { lockBlobs } from '../intake/index.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import type { Report } from '../platform/jobs/index.ts'
import { addCollided, addToReport, type CleanedFile, markCleaned } from './clean-store.ts'
import * as store from './store.ts'

const BATCH_FILES = 32

export interface CleanUploadDependencies {
  readonly db: Database
  readonly blobs: BlobStore
  readonly keyOf: (projectId: string, version: number) => Promise<Uint8Array>
  readonly claimSubjects: (
    projectId: string,
    uploadId: string,
    claims: readonly SubjectClaim[],
  ) => Promise<string[]>
  readonly openCleanPool: (settings: CleanSettings) => CleanPool
}

export interface IdentifiedUpload {
  readonly uploadId: string
  readonly projectId: string
  readonly profile: string
  readonly keyVersion: number
  readonly format: PseudonymFormat
}

type Checked = Awaited<ReturnType<CheckPool['check']>>
type Cleaned = Extract<CleanAnswer, { kind: 'cleaned' }>

/** What became of one file. `clean`: it was, and its own bytes go on. */
type Outcome =
  | { readonly kind: 'clean'; readonly sha256: string; readonly instance: object }
  | { readonly kind: 'cleaned'; readonly file: CleanedFile; readonly answer: Cleaned }
  | {
      readonly kind: 'refused'
      readonly sha256: string
      readonly code: string
      readonly findings: readonly object[]
    }

/** Until no file of the upload is left that was not judged. */
export async function cleanUpload(
  deps: CleanUploadDependencies,
  upload: IdentifiedUpload,
  checker: CheckPool,
  signal: AbortSignal,
  report: Report,
): Promise<void> {
  const { db, blobs } = deps
  const { uploadId, projectId, profile, format } = upload
  const { waiting, of, ofBytes } = await store.filesToCheck(db, uploadId)
  if (waiting.length === 0) return
  const done = { files: of - waiting.length, bytes: ofBytes }
  for (const { bytes } of waiting) done.bytes -= bytes
  report({ ...done, of, ofBytes })
  const key = await deps.keyOf(projectId, upload.keyVersion)
  // A folder of this attempt's own: one that lost its lease may still be at work in its.
  await blobs.withLocalFolder(async (folder) => {
    const cleaner = deps.openCleanPool({ profile, format, key, folder })
    try {
      await cleanAll(cleaner)
    } finally {
      cleaner.close()
    }
  })

  async function cleanAll(cleaner: CleanPool): Promise<void> {
    for (let at = 0; at < waiting.length; at += BATCH_FILES) {
      const outcomes: Outcome[] = []
      for (const { sha256, bytes } of waiting.slice(at, at + BATCH_FILES)) {
        signal.throwIfAborted()
        outcomes.push(
          await blobs.withLocalFile('quarantine', sha256, (path) =>
            outcomeOf(cleaner, sha256, path),
          ),
        )
        done.files += 1
        done.bytes += bytes
        report({ ...done, of, ofBytes })
      }
      await record(outcomes)
    }
  }

  async function outcomeOf(cleaner: CleanPool, sha256: string, path: string): Promise<Outcome> {
    const asItIs = await checker.check({ path, profile, format })
    if (isClean(asItIs)) return { kind: 'clean', sha256, instance: asItIs.result.instance }
    const answer = await cleaner.clean(path)
    if (answer.kind === 'refused') {
      return { kind: 'refused', sha256, code: answer.code, findings: [] }
    }
    const checked = await checker.check({ path: answer.path, profile, format })
    if (!isClean(checked)) {
      await rm(answer.path, { force: true })
      return { kind: 'refused', sha256, ...reasonOf(checked) }
    }
    const output = await blobs.put('staging', createReadStream(answer.path))
    return {
      kind: 'cleaned',
      file: { sha256, output: { ...output, instance: checked.result.instance } },
      answer,
    }
  }

  async function record(outcomes: readonly Outcome[]): Promise<void> {
    const cleaned = outcomes.filter((each) => each.kind === 'cleaned')
    const claims = new Map(
      cleaned.map(({ answer: { pseudonym, subjectDigest } }) => [
        `${pseudonym} ${subjectDigest}`,
        { pseudonym, subjectDigest },
      ]),
    )
    const collided = await deps.claimSubjects(projectId, uploadId, [...claims.values()])
    await db.transaction(async (tx) => {
      await lockBlobs(
        tx,
        outcomes.map(stagedHash).filter((each) => each !== undefined),
      )
      for (const outcome of outcomes) {
        if (outcome.kind === 'refused') {
          const { sha256, code, findings } = outcome
          await store.markRefused(tx, uploadId, sha256, code, findings)
        } else if (outcome.kind === 'clean') {
          await blobs.share(outcome.sha256, 'quarantine', 'staging')
          await store.markClean(tx, uploadId, outcome.sha256, outcome.instance)
        } else if ((await blobs.size('staging', outcome.file.output.sha256)) === undefined) {
          // Another upload with the same clean file was rejected in between.
          await blobs.put('staging', createReadStream(outcome.answer.path))
        }
      }
      if (cleaned.length === 0) return
      await markCleaned(
        tx,
        uploadId,
        cleaned.map(({ file }) => file),
      )
      await addToReport(
        tx,
        uploadId,
        cleaned.length,
        cleaned.flatMap(({ answer }) => answer.rows),
      )
      await addCollided(tx, uploadId, collided)
    })
    for (const { answer } of cleaned) await rm(answer.path, { force: true })
  }
}

function isClean(
  answer: Checked,
): answer is Checked & { kind: 'checked'; result: { isClean: true; instance: object } } {
  return answer.kind === 'checked' && answer.result.isClean
}

function reasonOf(answer: Checked): { code: string; findings: readonly object[] } {
  if (answer.kind === 'failed') return { code: answer.code, findings: [] }
  return { code: 'NOT_CLEAN', findings: answer.result.isClean ? [] : answer.result.findings }
}

/** The blob that staging has to hold for it. */
function stagedHash(outcome: Outcome): string | undefined {
  if (outcome.kind === 'clean') return outcome.sha256
  return outcome.kind === 'cleaned' ? outcome.file.output.sha256 : undefined
}
