/** Where an upload that was interrupted goes on: what this browser remembers, as far as the server has it. */
import { type Client, PandokError } from '@pandok/contract'
import type { RememberedDecision, RememberedFile, UploadMemory } from './upload-memory.ts'
import type { ChosenFile } from './zip-entries.ts'

export interface Resumed {
  readonly uploadId: string
  /** By place among the chosen files. */
  readonly received: ReadonlyMap<number, RememberedFile>
  readonly decisions: ReadonlyMap<number, RememberedDecision>
}

const ASKED_AT_ONCE = 10_000

/**
 * undefined when there is none, when it is closed, when profile or key have changed, or when none of the
 * chosen files is one of it: then a new upload begins.
 */
export async function findRemembered(options: {
  client: Client
  memory: UploadMemory
  kit: { profileVersion: number; keyVersion: number }
  files: readonly ChosenFile[]
  fingerprintOf: (at: number) => string | undefined
}): Promise<Resumed | undefined> {
  const { client, memory, kit, files, fingerprintOf } = options
  const remembered = await memory.load()
  if (remembered === undefined) return undefined
  const { head } = remembered
  const { uploadId, profileVersion, keyVersion } = head
  if (profileVersion !== kit.profileVersion || keyVersion !== kit.keyVersion) return undefined
  const known = new Map<number, RememberedFile>()
  const decisions = new Map<number, RememberedDecision>()
  for (const at of files.keys()) {
    const fingerprint = fingerprintOf(at) ?? ''
    const sent = remembered.sent.get(fingerprint)
    if (sent !== undefined) known.set(at, sent)
    const decision = remembered.decisions.get(fingerprint)
    if (decision !== undefined) decisions.set(at, decision)
  }
  if (known.size === 0 && decisions.size === 0) return undefined
  if (!(await isReceiving(client, uploadId))) return undefined
  const there = await receivedOf(client, uploadId, [...known.values()])
  const received = new Map([...known].filter(([, { sha256 }]) => there.has(sha256)))
  return { uploadId, received, decisions }
}

async function isReceiving(client: Client, uploadId: string): Promise<boolean> {
  try {
    return (await client.getUpload({ params: { uploadId } })).status === 'receiving'
  } catch (error) {
    if (error instanceof PandokError && error.code === 'NOT_FOUND') return false
    throw error
  }
}

async function receivedOf(
  client: Client,
  uploadId: string,
  files: readonly RememberedFile[],
): Promise<Set<string>> {
  const there = new Set<string>()
  for (let at = 0; at < files.length; at += ASKED_AT_ONCE) {
    const sha256s = files.slice(at, at + ASKED_AT_ONCE).map(({ sha256 }) => sha256)
    const { items } = await client.findUploadFiles({ params: { uploadId }, body: { sha256s } })
    for (const { sha256, isReceived } of items) if (isReceived) there.add(sha256)
  }
  return there
}
