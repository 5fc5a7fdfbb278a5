/**
 * STOW-RS (PS3.18 10.5) of identified instances: parts go into quarantine as they come, each durable
 * before the answer says that it is stored. What was whole stays when the rest of the body does not
 * come: it is entered under its hash, so sending the request again changes nothing.
 */
import type { Readable } from 'node:stream'
import { PandokError } from '@pandok/contract'
import { chunksOf } from '../../platform/http/body.ts'
import type { Actor, BytesAnswer } from '../../platform/http/handler.ts'
import type { Collector, Sender } from '../collect/index.ts'
import { type FileMeta, META_BYTES, readFileMeta } from '../file-meta.ts'
import { type Part, readMultipartType, readParts, TornBodyError } from './multipart-related.ts'
import {
  FAILURE,
  type FailureReason,
  type InstanceNames,
  negotiateAnswer,
  storeAnswer,
} from './response.ts'

const MAX_PARTS = 5_000
const MAX_HEADER_BYTES = 8 * 1024
const DICOM = 'application/dicom'

export interface StowDependencies {
  readonly collector: Collector
  readonly maxBodyBytes: number
  readonly admitsSopClass: (sopClassUid: string) => boolean
  /** StudyInstanceUID of a file in quarantine; undefined when it cannot be read. */
  readonly studyOf: (sha256: string) => Promise<string | undefined>
  /** Of quarantine, unless somebody else needs it. */
  readonly drop: (sha256: string) => Promise<void>
  /** Projects that the person may send to. */
  readonly projectsOf: (personId: string) => Promise<readonly string[]>
}

export interface StoreRequest {
  readonly actor: Actor
  /** undefined: the only project that the person may send to. */
  readonly projectId: string | undefined
  readonly studyInstanceUid: string | undefined
  readonly contentType: string | undefined
  readonly accept: string | undefined
  readonly body: Readable
}

type Verdict =
  | { readonly kind: 'stored'; readonly names: InstanceNames }
  | { readonly kind: 'failed'; readonly names: InstanceNames; readonly reason: FailureReason }
  | { readonly kind: 'unknown'; readonly reason: FailureReason }

export function createStow(deps: StowDependencies) {
  const { collector } = deps

  return {
    store: async (request: StoreRequest): Promise<BytesAnswer> => {
      const answerType = negotiateAnswer(request.accept)
      const { type, boundary } = readMultipartType(request.contentType)
      if (type !== DICOM) {
        throw new PandokError('UNSUPPORTED_MEDIA_TYPE', `send parts of type="${DICOM}"`)
      }
      const sender: Sender = {
        projectId: await projectOf(request),
        source: 'stow',
        sender: request.actor.username,
        personId: request.actor.id,
      }
      const verdicts: Promise<Verdict>[] = []
      try {
        const limits = {
          parts: MAX_PARTS,
          headerBytes: MAX_HEADER_BYTES,
          bodyBytes: deps.maxBodyBytes,
        }
        for await (const part of readParts(tearing(request.body), boundary, limits)) {
          const received = await receive(part)
          const verdict = settled(received, sender, request.studyInstanceUid)
          // It is waited for at the end, while other parts come.
          verdict.catch(() => undefined)
          verdicts.push(verdict)
          // A disk that is full from the first file on is said of the whole request.
          if ('error' in received && verdicts.length === 1) throw received.error
        }
      } catch (error) {
        if (!(error instanceof TornBodyError)) {
          await Promise.allSettled(verdicts)
          throw error
        }
        verdicts.push(Promise.resolve({ kind: 'unknown', reason: FAILURE.cannotUnderstand }))
      }
      // Before a failure is told, whatever else came has its row, or is gone.
      await Promise.allSettled(verdicts)
      const all = await Promise.all(verdicts)
      if (all.length === 0) throw new PandokError('INPUT_INVALID', 'the body holds no instance')
      return storeAnswer(
        {
          stored: all.flatMap((each) => (each.kind === 'stored' ? [each.names] : [])),
          failed: all.flatMap((each) =>
            each.kind === 'failed' ? [{ ...each.names, reason: each.reason }] : [],
          ),
          unknown: all.flatMap((each) => (each.kind === 'unknown' ? [each.reason] : [])),
        },
        answerType,
      )
    },
  }

  type Received =
    | { readonly verdict: Verdict }
    | { readonly verdict: Verdict; readonly error: PandokError }
    | { readonly meta: FileMeta; readonly file: { sha256: string; bytes: number } }

  async function receive({ headers, body }: Part): Promise<Received> {
    const type = (headers.get('content-type') ?? DICOM).split(';')[0]?.trim().toLowerCase()
    if (type !== DICOM || headers.has('content-encoding')) {
      return { verdict: { kind: 'unknown', reason: FAILURE.cannotUnderstand } }
    }
    const { head, rest } = await headOf(body)
    const meta = readFileMeta(head)
    if (meta === undefined) {
      return { verdict: { kind: 'unknown', reason: FAILURE.cannotUnderstand } }
    }
    const failed = (reason: FailureReason): Verdict => ({ kind: 'failed', names: meta, reason })
    if (!deps.admitsSopClass(meta.sopClassUid)) {
      return { verdict: failed(FAILURE.sopClassNotSupported) }
    }
    try {
      return { meta, file: await collector.put(rest) }
    } catch (error) {
      if (!(error instanceof PandokError)) throw error
      const verdict = failed(FAILURE.outOfResources)
      if (error.code === 'TOO_LARGE') return { verdict }
      if (error.code === 'STORAGE_FULL') return { verdict, error }
      throw error
    }
  }

  async function settled(
    received: Received,
    sender: Sender,
    studyInstanceUid: string | undefined,
  ): Promise<Verdict> {
    if ('verdict' in received) return received.verdict
    const { meta, file } = received
    if (studyInstanceUid !== undefined) {
      const isOfStudy = await deps.studyOf(file.sha256).then(
        (uid) => uid === studyInstanceUid,
        async (error: unknown) => {
          await deps.drop(file.sha256).catch(() => undefined)
          throw error
        },
      )
      if (!isOfStudy) {
        await deps.drop(file.sha256)
        return { kind: 'failed', names: meta, reason: FAILURE.dataSetDoesNotMatch }
      }
    }
    return (await collector.enter(sender, file))
      ? { kind: 'stored', names: meta }
      : { kind: 'failed', names: meta, reason: FAILURE.processing }
  }

  async function projectOf({ actor, projectId }: StoreRequest): Promise<string> {
    if (projectId !== undefined) return projectId
    const [only, ...others] = await deps.projectsOf(actor.id)
    if (only === undefined) throw new PandokError('FORBIDDEN')
    if (others.length > 0) throw new PandokError('PROJECT_NOT_NAMED')
    return only
  }
}

export type StowService = ReturnType<typeof createStow>

/** A connection that ends is a body that ends. */
async function* tearing(body: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of chunksOf(body)) yield chunk
  } catch {
    throw new TornBodyError('the connection ended')
  }
}

/** The first bytes, and all of them from the start. */
async function headOf(
  body: AsyncIterable<Buffer>,
): Promise<{ head: Buffer; rest: AsyncGenerator<Buffer> }> {
  const chunks = body[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  while (head.length < META_BYTES) {
    const next = await chunks.next()
    if (next.done === true) break
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      yield next.value
    }
  }
  return { head, rest: all() }
}
