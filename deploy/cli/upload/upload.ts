/**
 * `pandok upload IN… --project P`: de-identifies on this machine, as the browser does, and sends what is
 * clean over parallel lanes. A run that was killed goes on with --resume: what the server has is neither
 * made nor sent again.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import type * as Anonymizer from '@pandok/anonymizer/node/clean-files'
import {
  type Client,
  createClient,
  createFileSender,
  type DeidReportRow,
  type Operations,
  type OutputOf,
  PandokError,
  persistently,
  type SubjectClaim,
} from '@pandok/contract'
import { createTokenSource } from './credentials.ts'
import { beginJournal, type Journal, journalPath, readJournal } from './journal.ts'
import { createLanes } from './sender.ts'
import { UploadError } from './upload-error.ts'
import { HELP, readUploadOptions, type UploadOptions } from './upload-options.ts'
import { createUploadProgress, type UploadIo, type UploadProgress } from './upload-progress.ts'

type Kit = OutputOf<Operations['getDeidentificationKey']>
type CleanFiles = typeof Anonymizer.cleanFiles
/** How many hashes the server is asked about at once. */
const ASKED_AT_ONCE = 10_000

export async function runUploadCli(
  args: readonly string[],
  io: UploadIo,
  cleanFiles: () => Promise<CleanFiles>,
): Promise<number> {
  if (args.includes('--help')) {
    io.out(HELP)
    return 0
  }
  try {
    const options = readUploadOptions(args, process.env)
    return await upload(options, io, await cleanFiles())
  } catch (error) {
    io.error(`${sentenceOf(error)}\n`)
    return 2
  }
}

async function upload(options: UploadOptions, io: UploadIo, cleanFiles: CleanFiles) {
  const { server, projectKey, inputs, stateFolder } = options
  const client = createClient({
    baseUrl: server,
    getToken: createTokenSource(options.credentials),
  })
  const kit = await client.getDeidentificationKey({ params: { projectKey } })
  const key = Buffer.from(kit.keyBase64, 'base64')
  const path = journalPath(stateFolder, key, { server, projectKey, inputs })
  const journal = await openJournal(client, options, kit, path)
  const progress = createUploadProgress(io)
  const run = await sendAll({ path, options, client, kit, key, journal, progress, cleanFiles, io })
  progress.end()
  if (run.sha256s.size === 0) {
    throw new UploadError('there is nothing that could be sent; the upload stays open: --discard')
  }
  const { uploadId } = journal.head
  const leftOut = Object.values(run.leftOut).reduce((sum, count) => sum + count, 0)
  const counts = `${run.sha256s.size} sent, ${leftOut} left out`
  if (options.isKeptOpen) {
    io.out(`${counts}; upload ${uploadId} is open: --resume adds to it or closes it\n`)
    return leftOut > 0 ? 1 : 0
  }
  const report = {
    profile: kit.profileLabel,
    files: run.sha256s.size,
    rows: [...run.rows.values()],
    leftOut: run.leftOut,
  }
  const body = { sha256s: [...run.sha256s], report, subjects: [...run.subjects.values()] }
  await persistently(
    () => client.completeUpload({ params: { uploadId }, body }).catch(closedIsDone),
    progress.waiting,
  )
  journal.remove()
  io.out(`${counts}; upload ${uploadId} waits for its check: ${server}/uploads/${uploadId}\n`)
  return leftOut > 0 ? 1 : 0
}

/** The answer to the first try may have been lost. */
function closedIsDone(error: unknown): void {
  if (!(error instanceof PandokError && error.code === 'UPLOAD_CLOSED')) throw error
}

async function openJournal(
  client: Client,
  { projectKey, isResumed, isRestarted }: UploadOptions,
  kit: Kit,
  path: string,
): Promise<Journal> {
  const { profileVersion, keyVersion } = kit
  const known = readJournal(path)
  if (known !== undefined) {
    const params = { uploadId: known.head.uploadId }
    const { status } = await client.getUpload({ params })
    const isOpen = status === 'receiving'
    const isSame =
      known.head.profileVersion === profileVersion && known.head.keyVersion === keyVersion
    if (isOpen && isResumed && isSame) return known
    if (isOpen && isResumed) {
      throw new UploadError(
        'the profile or the key of the project has changed since: --discard begins anew',
      )
    }
    if (isOpen && !isRestarted) {
      throw new UploadError(
        'an upload of this was interrupted: --resume goes on, --discard begins anew',
      )
    }
    if (isOpen) await client.discardUpload({ params })
  }
  const body = { profileVersion, keyVersion }
  const { id: uploadId } = await client.createUpload({ params: { projectKey }, body })
  return beginJournal(path, { uploadId, profileVersion, keyVersion })
}

async function sendAll(run: {
  path: string
  options: UploadOptions
  client: Client
  kit: Kit
  key: Uint8Array
  journal: Journal
  progress: UploadProgress
  cleanFiles: CleanFiles
  io: UploadIo
}) {
  const { options, client, kit, key, journal, progress, io } = run
  const { uploadId } = journal.head
  const sums = createSums()
  const there = await stillThere(client, journal, progress)
  const done = new Set<string>()
  for (const sent of journal.sent) {
    if (!there.has(sent.sha256)) continue
    done.add(sent.input)
    progress.found(1)
    if (sums.add(sent.sha256, sent, journal.rowsAt(sent.rows))) progress.sent(1, 0)
  }
  const inputOf = fingerprints(key)
  const nameOf = (input: Anonymizer.CleanedFile['input']) =>
    io.isTerminal === true ? input.label : input.id
  const leaveOut = (input: Anonymizer.CleanedFile['input'], code: string) => {
    sums.leaveOut(code)
    progress.leftOut(nameOf(input), code)
  }
  const folder = spoolFolder(run.path)
  const lanes = createLanes<Anonymizer.CleanedFile>({
    lanes: options.lanes,
    sender: createFileSender({
      client,
      uploadId,
      patiently: (work) => persistently(work, progress.waiting),
    }),
    onSent: (file, sha256) => {
      const { bytes, pseudonym, subjectDigest, rows, input } = file
      journal.add({ input: inputOf(input), sha256, bytes, pseudonym, subjectDigest }, rows)
      if (sums.add(sha256, file, rows)) progress.sent(1, bytes)
      else leaveOut(input, 'DUPLICATE')
    },
    onFailed: ({ input }, code) => leaveOut(input, code),
  })
  try {
    await run.cleanFiles({
      paths: options.inputs,
      profile: kit.profile,
      key,
      format: kit.pseudonymFormat,
      folder,
      jobs: options.jobs,
      isDone: async (input) => {
        if (done.has(inputOf(input))) return true
        progress.found(1)
        await lanes.room()
        return false
      },
      onClean: lanes.add,
      onRefused: leaveOut,
      onLooked: progress.looked,
    })
    await lanes.done()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return sums
}

/** Those of the journal that the server has: it may have been put back to an older state. */
async function stillThere(client: Client, { head, sent }: Journal, progress: UploadProgress) {
  const there = new Set<string>()
  for (let at = 0; at < sent.length; at += ASKED_AT_ONCE) {
    const sha256s = sent.slice(at, at + ASKED_AT_ONCE).map((each) => each.sha256)
    const params = { uploadId: head.uploadId }
    const { items } = await persistently(
      () => client.findUploadFiles({ params, body: { sha256s } }),
      progress.waiting,
    )
    for (const { sha256, isReceived } of items) if (isReceived) there.add(sha256)
  }
  return there
}

/** What the end of the upload tells: added up as it goes, so that a hundred thousand cost little. */
function createSums() {
  const sha256s = new Set<string>()
  const rows = new Map<string, DeidReportRow>()
  const subjects = new Map<string, SubjectClaim>()
  const leftOut: Record<string, number> = {}
  return {
    sha256s,
    rows,
    subjects,
    leftOut,
    /** False when the very bytes were there. */
    add: (
      sha256: string,
      { pseudonym, subjectDigest }: SubjectClaim,
      more: readonly DeidReportRow[],
    ): boolean => {
      if (sha256s.has(sha256)) return false
      sha256s.add(sha256)
      subjects.set(subjectDigest, { pseudonym, subjectDigest })
      for (const row of more) {
        const name = `${row.path} ${row.rule} ${row.action}`
        const count = (rows.get(name)?.count ?? 0) + row.count
        rows.set(name, { ...row, count })
      }
      return true
    },
    leaveOut: (code: string) => {
      leftOut[code] = (leftOut[code] ?? 0) + 1
    },
  }
}

/** An input that has changed is another: its name, size and time, of which only the key knows. */
function fingerprints(key: Uint8Array) {
  const secret = createSecretKey(key)
  const times = new Map<string, number>()
  return ({ id, bytes, source }: Anonymizer.CleanedFile['input']): string => {
    // A zip is asked once for all of its entries.
    let time = times.get(source.path)
    if (time === undefined) {
      time = statSync(source.path).mtimeMs
      if (source.kind === 'zip') times.set(source.path, time)
    }
    const text = `sent\0${id}\0${bytes}\0${time}`
    return createHmac('sha256', secret).update(text).digest('hex').slice(0, 32)
  }
}

/** Clean files on their way, beside the journal; what a killed run left behind goes. */
function spoolFolder(journal: string): string {
  const folder = journal.replace(/\.jsonl$/, '.files')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) throw error
  if (error instanceof PandokError) return `the server refused: ${error.code}: ${error.message}`
  if (
    [
      'UploadError',
      'UsageError',
      'InputError',
      'OutputError',
      'DeidError',
      'ProfileError',
    ].includes(error.name)
  ) {
    return error.message
  }
  if (error instanceof TypeError && error.message === 'fetch failed') {
    return 'the server cannot be reached; --resume goes on when it is back'
  }
  if ('code' in error && 'syscall' in error) {
    return `the file system refused ${String(error.syscall)} (${String(error.code)})`
  }
  throw error
}
