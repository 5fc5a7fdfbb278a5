/**
 * Pulls studies from other DICOMweb servers: only from those that the operator configured (PEERS_FILE),
 * never from an address that somebody typed. What a search shows identifies patients: it goes to data
 * managers, is audited, and is kept nowhere. An import is an identified upload like any other.
 */
import { createHmac } from 'node:crypto'
import { PandokError } from '@pandok/contract'
import { z } from 'zod'
import { recordAudit } from '../../platform/audit.ts'
import type { BlobStore } from '../../platform/blobs/index.ts'
import type { Database, Transaction } from '../../platform/database.ts'
import type { Peer } from '../../platform/env.ts'
import type { Actor } from '../../platform/http/handler.ts'
import { addJob, codeOf, defineJob, type Job } from '../../platform/jobs/index.ts'
import { coalesce } from '../collect/coalesce.ts'
import { removeUnneededBlobs } from '../shared-blobs.ts'
import { lockBlobs } from '../store.ts'
import { readMultipartType, readParts, TornBodyError } from '../stow/multipart-related.ts'
import { createPeerClient, type PeerQuery } from './client.ts'
import * as store from './store.ts'

const IMPORT_STUDY = 'intake.import-study'

const MAX_INSTANCES = 20_000
const Payload = z.object({ importId: z.string() })

export function createPeers(deps: { db: Database; peers: readonly Peer[] }) {
  const { db, peers } = deps
  const peerOf = (key: string): Peer => {
    const peer = peers.find((each) => each.key === key)
    if (peer === undefined) throw new PandokError('NOT_FOUND')
    return peer
  }
  const audit = (
    tx: Database | Transaction,
    actor: Actor,
    projectId: string,
    entry: { action: string; peerKey: string; details: Readonly<Record<string, unknown>> },
  ) =>
    recordAudit(tx, {
      actorId: actor.id,
      projectId,
      action: entry.action,
      objectKind: 'peer',
      objectId: entry.peerKey,
      details: entry.details,
    })

  return {
    list: () => ({ items: peers.map(({ key }) => ({ key })) }),

    search: async (actor: Actor, projectId: string, peerKey: string, query: PeerQuery) => {
      const found = await createPeerClient(peerOf(peerKey)).searchStudies(query)
      // Before anybody sees it. What was asked for is a value of a patient, and stays out.
      const details = { studies: found.length }
      await audit(db, actor, projectId, { action: 'searchPeer', peerKey, details })
      return { items: found }
    },

    importStudy: async (
      actor: Actor,
      projectId: string,
      peerKey: string,
      studyInstanceUid: string,
    ): Promise<{ uploadId: string }> => {
      peerOf(peerKey)
      return await db.transaction(async (tx) => {
        const { importId, uploadId } = await store.insertImport(tx, {
          projectId,
          personId: actor.id,
          peerKey,
          studyInstanceUid,
        })
        // The upload first: it is what the job is about.
        await addJob(tx, IMPORT_STUDY, { uploadId, importId }, projectId)
        const details = { uploadId }
        await audit(tx, actor, projectId, { action: 'importStudy', peerKey, details })
        return { uploadId }
      })
    },
  }
}

/** Goes on after a crash at any point: what is there is not asked for again. */
export function importStudyJob(deps: {
  db: Database
  blobs: BlobStore
  peers: readonly Peer[]
  maxFileBytes: number
  keyOf: (projectId: string, version: number) => Promise<Uint8Array>
  checkJob: string
}): Job {
  const { db, blobs, peers, maxFileBytes } = deps
  return defineJob({
    name: IMPORT_STUDY,
    payload: Payload,
    handle: async ({ importId }, signal, report) => {
      const open = await store.openImport(db, importId)
      if (open === undefined) return
      const { projectId, uploadId, studyInstanceUid: study } = open
      const peer = peers.find((each) => each.key === open.peerKey)
      if (peer === undefined) throw new PandokError('PEER_FAILED', 'it is configured no more')
      const client = createPeerClient(peer)
      const key = await deps.keyOf(projectId, open.keyVersion)
      const instances = await client.instancesOf(study, MAX_INSTANCES, signal)
      await store.setTotal(db, importId, instances.length)
      const done = await store.doneOf(db, importId)
      let bytes = 0
      for (const [at, { series, instance }] of instances.entries()) {
        report({ files: at, of: instances.length, bytes })
        signal.throwIfAborted()
        const digest = createHmac('sha256', key).update(`import\0${instance}`).digest('hex')
        if (done.has(digest)) continue
        const answer = await client.retrieve({ study, series, instance }, signal)
        const file = await put(answer)
        bytes += file.bytes
        await db.transaction(async (tx) => {
          await lockBlobs(tx, [file.sha256])
          if ((await blobs.size('quarantine', file.sha256)) === undefined) {
            throw new PandokError('CONFLICT', 'another upload let go of this file')
          }
          await store.enterInstance(tx, { importId, uploadId, digest, ...file })
        })
      }
      report({ files: instances.length, of: instances.length, bytes })
      await db.transaction((tx) => finish(tx, importId, open, null))
    },
    giveUp: async ({ importId }, error) => {
      const open = await store.openImport(db, importId)
      if (open === undefined) return
      const hashes = await db.transaction((tx) => finish(tx, importId, open, codeOf(error)))
      await removeUnneededBlobs(db, blobs, 'quarantine', hashes)
    },
    // What is there stays, encrypted, until a person goes on with it or gives it up.
    retry: {
      fail: async ({ importId }, error) => {
        const open = await store.openImport(db, importId)
        if (open === undefined) return
        await db.transaction(async (tx) => {
          const ended = await store.suspendImport(tx, open.uploadId, codeOf(error))
          await audit(tx, open, { files: ended.files, failureCode: codeOf(error) })
        })
      },
      revive: async ({ importId }, tx) => {
        if (!(await store.reviveImport(tx, importId))) throw new PandokError('JOB_NOT_RETRYABLE')
      },
    },
  })

  async function put(answer: { contentType: string | undefined; body: AsyncIterable<Buffer> }) {
    try {
      const { boundary } = readMultipartType(answer.contentType)
      const limits = { parts: 1, headerBytes: 8 * 1024, bodyBytes: maxFileBytes + 64 * 1024 }
      for await (const part of readParts(answer.body, boundary, limits)) {
        const file = await blobs.put('quarantine', coalesce(part.body), { maxBytes: maxFileBytes })
        if (file.bytes > 0) return file
      }
    } catch (error) {
      if (error instanceof TornBodyError) {
        throw new PandokError('PEER_FAILED', 'its answer broke off', { cause: error })
      }
      throw error
    }
    throw new PandokError('PEER_FAILED', 'its answer holds no file')
  }

  /** The files that nobody will check. */
  async function finish(
    tx: Transaction,
    importId: string,
    open: { uploadId: string; projectId: string; peerKey: string },
    failureCode: string | null,
  ): Promise<string[]> {
    const { uploadId, projectId } = open
    const ended = await store.finishImport(tx, importId, uploadId, failureCode)
    if (ended.isWhole) await addJob(tx, deps.checkJob, { uploadId }, projectId)
    const failure = failureCode === null ? {} : { failureCode }
    await audit(tx, open, { files: ended.sha256s.length, ...failure })
    return ended.isWhole ? [] : ended.sha256s
  }

  async function audit(
    tx: Transaction,
    { projectId, uploadId }: { projectId: string; uploadId: string },
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await recordAudit(tx, {
      actorId: null,
      projectId,
      action: `job:${IMPORT_STUDY}`,
      objectKind: 'upload',
      objectId: uploadId,
      details,
    })
  }
}
