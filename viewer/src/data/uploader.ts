/**
 * Takes files through de-identification and to the server in two passes. The first looks at every
 * file: what is refused, which series have to be looked at, and whether the detector sees text. The
 * second reads again, de-identifies with what a person decided, and sends; what nobody has to look at
 * goes while the person looks at the rest.
 *
 * Knows no React: a page subscribes to snapshots. Originals stay in workers of this window, their
 * names in this window. One file that fails holds up no other. What was received and decided is
 * remembered by this browser: after a closed tab the same files go on where they were.
 */
import { loadProfile, type PixelReview, type ReportRow, sumReports } from '@pandok/anonymizer'
import type {
  CleanFile,
  DeidentificationWorker,
  FileInspection,
  LookingWorker,
  WorkerSettings,
} from '@pandok/anonymizer/web'
import {
  type Client,
  createFileSender,
  type FileSender,
  PandokError,
  persistently,
  type SubjectClaim,
} from '@pandok/contract'
import { createFingerprints } from './fingerprints.ts'
import { createGate } from './gate.ts'
import { createPictures, type Pictures } from './pictures.ts'
import { findRemembered, type Resumed } from './resumed.ts'
import { lookAtSeries } from './series-look.ts'
import type { RememberedDecision, RememberedFile, UploadMemory } from './upload-memory.ts'
import { proposeMarks, seriesOf, type UploadSeries, viewsToLookAt } from './upload-series.ts'
import { createSnapshotStore, type UploadSnapshot } from './upload-snapshot.ts'
import { createWorkQueue } from './work-queue.ts'
import { type ChosenFile, ZipError } from './zip-entries.ts'

/** What a person decided about a waiting series. */
type SeriesDecision =
  | { readonly kind: 'send'; readonly reviews: ReadonlyMap<number, PixelReview | undefined> }
  | { readonly kind: 'leave-out'; readonly code: string }

export interface Uploader {
  readonly subscribe: (listener: () => void) => () => void
  readonly snapshot: () => UploadSnapshot
  /** For the eyes of the person at this page. */
  readonly pictures: Pictures
  readonly decide: (seriesId: string, decision: SeriesDecision) => void
  /** What is under way is finished; nothing more begins. */
  readonly pause: () => void
  readonly resume: () => void
}

export interface UploaderOptions {
  readonly client: Client
  readonly projectKey: string
  readonly files: readonly ChosenFile[]
  readonly memory: UploadMemory
  readonly startWorker: (settings: WorkerSettings) => DeidentificationWorker
  readonly startLooking: () => LookingWorker
  readonly pause?: (ms: number) => Promise<void>
}

interface Job {
  readonly file: number
  readonly review: PixelReview | undefined
}

const PARALLEL = 3
/** What is wrong with one file only; anything else stops the upload. */
const OF_ONE_FILE: ReadonlySet<string> = new Set([
  'HASH_MISMATCH',
  'TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
])

export function startUpload(options: UploaderOptions): Uploader {
  const { client, files, memory } = options
  const params = { projectKey: options.projectKey }
  const store = createSnapshotStore(files)
  const { set, setFile, snapshot } = store
  const queue = createWorkQueue<Job>()
  const decisions = new Map<string, (decision: SeriesDecision) => void>()
  const eyes = Promise.withResolvers<DeidentificationWorker>()
  const gate = createGate()
  const send = async <T>(work: () => Promise<T>): Promise<T> => {
    await gate.passed()
    return await persistently(work, (isWaiting) => set({ isWaiting }), options.pause)
  }
  let fingerprintOf: (at: number) => string | undefined = () => undefined
  /** The one that is looked at stays open: films are shown frame by frame. */
  let shown: { readonly at: number; readonly blob: Blob } | undefined

  void run()
    .catch((error: unknown) => {
      set({ failureCode: error instanceof PandokError ? error.code : 'NETWORK', waiting: [] })
    })
    .finally(store.tell)
  return {
    subscribe: store.subscribe,
    snapshot,
    pictures: createPictures(async ({ file, frame }) => {
      const original = shown?.at === file ? shown.blob : await open(file)
      if (typeof original === 'string') return { kind: 'refused', code: original }
      shown = { at: file, blob: original }
      return await (await eyes.promise).show(original, frame)
    }),
    decide: (seriesId, decision) => {
      decisions.get(seriesId)?.(decision)
    },
    pause: () => {
      gate.close()
      set({ isPaused: true })
    },
    resume: () => {
      gate.open()
      set({ isPaused: false })
    },
  }

  /** A code where it cannot be opened. */
  async function open(at: number): Promise<Blob | string> {
    try {
      return (await files[at]?.open()) ?? 'UNREADABLE'
    } catch (error) {
      return error instanceof ZipError ? error.code : 'UNREADABLE'
    }
  }

  async function run(): Promise<void> {
    const kit = await client.getDeidentificationKey({ params })
    const settings: WorkerSettings = {
      key: Uint8Array.from(atob(kit.keyBase64), (letter) => letter.charCodeAt(0)),
      format: kit.pseudonymFormat,
      profile: kit.profile,
    }
    fingerprintOf = await createFingerprints(new Uint8Array(settings.key), files)
    const resumed = await findRemembered({ client, memory, kit, files, fingerprintOf })
    for (const [at] of resumed?.received ?? []) setFile(at, 'received')
    const workers = Array.from({ length: PARALLEL }, () => options.startWorker(settings))
    // The person at the page waits for no file that is being cleaned.
    const shower = options.startWorker(settings)
    eyes.resolve(shower)
    const looking = options.startLooking()
    try {
      const inspected = await inspectAll(workers, resumed)
      if (inspected.size === 0 && resumed === undefined) {
        set({ failureCode: 'UPLOAD_NOTHING_CLEAN' })
        return
      }
      const sender = createSender(resumed?.uploadId ?? (await begin(kit)), resumed)
      const lanes = workers.map(async (worker) => {
        for (let job = await queue.take(); job !== undefined; job = await queue.take()) {
          await gate.passed()
          await sender.take(job, worker)
        }
      })
      // A lane that fails stops the upload, whoever is still looking.
      await Promise.all([lookAndDecide(inspected, looking, kit.profile, resumed), ...lanes])
      await sender.complete(kit.profileLabel)
    } finally {
      queue.close()
      for (const worker of [...workers, shower, looking]) worker.close()
    }
  }

  async function begin(kit: { profileVersion: number; keyVersion: number }): Promise<string> {
    const { profileVersion, keyVersion } = kit
    const body = { profileVersion, keyVersion }
    const { id: uploadId } = await client.createUpload({ params, body })
    await memory.begin({ uploadId, profileVersion, keyVersion, files: files.length })
    return uploadId
  }

  async function inspectAll(
    workers: readonly DeidentificationWorker[],
    resumed: Resumed | undefined,
  ): Promise<Map<number, FileInspection>> {
    const inspected = new Map<number, FileInspection>()
    let next = 0
    await Promise.all(
      workers.map(async (worker) => {
        for (let at = next++; at < files.length; at = next++) {
          await gate.passed()
          if (resumed?.received.has(at) === true) {
            set({ inspected: snapshot().inspected + 1 })
            continue
          }
          setFile(at, 'inspecting')
          const file = await open(at)
          const answer =
            typeof file === 'string'
              ? ({ kind: 'refused', code: file } as const)
              : await worker.inspect(file)
          if (answer.kind === 'refused') setFile(at, 'left-out', answer.code)
          else {
            inspected.set(at, answer.file)
            setFile(at, 'inspected')
          }
          set({ inspected: snapshot().inspected + 1 })
        }
      }),
    )
    return inspected
  }

  /** Fills the queue: at once with what needs no look, then series by series; closes it at the end. */
  async function lookAndDecide(
    inspected: ReadonlyMap<number, FileInspection>,
    looking: LookingWorker,
    profile: string,
    resumed: Resumed | undefined,
  ): Promise<void> {
    const profileLook = loadProfile(profile).pixels.look
    const series = seriesOf(inspected)
    for (const each of series.flatMap((one) => one.files)) setFile(each.file, 'looking')
    for (const [file, { plan }] of inspected) {
      if (plan.kind === 'none') queue.add({ file, review: undefined })
    }
    const decided: Promise<void>[] = []
    for (const each of series) {
      if (isDecided(each, resumed)) continue
      await gate.passed()
      const look = await lookAtSeries(each, {
        profileLook,
        look: async (file, frames) => {
          const original = await open(file)
          if (typeof original === 'string') return { kind: 'refused', code: original }
          return await looking.look(original, frames)
        },
        onPlanned: (frames) => {
          const { looked } = snapshot()
          set({ looked: { ...looked, of: looked.of + frames } })
        },
        onLooked: (frames) => {
          const { looked } = snapshot()
          set({ looked: { ...looked, frames: looked.frames + frames } })
        },
      })
      if (look.needsPerson) decided.push(askPerson(each, look))
      else for (const { file } of each.files) queue.add({ file, review: undefined })
    }
    await Promise.all(decided)
    queue.close()
  }

  async function askPerson(
    looked: UploadSeries,
    { looked: views, hasFailed }: Awaited<ReturnType<typeof lookAtSeries>>,
  ): Promise<void> {
    // What the detector could not look at is looked at by the person, all of it.
    const series: UploadSeries = hasFailed ? { ...looked, plan: 'person' } : looked
    const of = series.files.reduce((sum, { numberOfFrames }) => sum + numberOfFrames, 0)
    const withText = views.filter(({ boxes }) => boxes.length > 0).map(({ view }) => view)
    const { promise, resolve } = Promise.withResolvers<SeriesDecision>()
    decisions.set(series.id, resolve)
    for (const { file } of series.files) setFile(file, 'waiting')
    set({
      waiting: [
        ...snapshot().waiting,
        {
          series,
          proposed: proposeMarks(series, views),
          looked: { frames: views.length, of },
          why: series.reason ?? (hasFailed ? 'look-failed' : 'text-found'),
          toBeSeen: series.plan === 'person' ? viewsToLookAt(series) : withText,
        },
      ],
    })
    const decision = await promise
    decisions.delete(series.id)
    set({ waiting: snapshot().waiting.filter((each) => each.series.id !== series.id) })
    for (const { file } of series.files) {
      const own =
        decision.kind === 'leave-out'
          ? decision
          : ({ kind: 'send', review: decision.reviews.get(file) } as const)
      const fingerprint = fingerprintOf(file)
      if (fingerprint !== undefined) void memory.addDecision(fingerprint, own)
      follow(file, own)
    }
  }

  function follow(file: number, decision: RememberedDecision): void {
    if (decision.kind === 'leave-out') setFile(file, 'left-out', decision.code)
    else {
      setFile(file, 'inspected')
      queue.add({ file, review: decision.review })
    }
  }

  /** Before the tab was closed, for every file of the series: nobody is asked twice. */
  function isDecided(series: UploadSeries, resumed: Resumed | undefined): boolean {
    const known = series.files.map(({ file }) => resumed?.decisions.get(file))
    if (known.some((decision) => decision === undefined)) return false
    series.files.forEach(({ file }, at) => {
      const decision = known[at]
      if (decision !== undefined) follow(file, decision)
    })
    return true
  }

  function createSender(uploadId: string, resumed: Resumed | undefined) {
    const received = new Set<string>()
    let rows: readonly ReportRow[] = []
    const subjects = new Map<string, SubjectClaim>()
    const sender = createFileSender({ client, uploadId, patiently: send })
    const add = ({
      report,
      pseudonym,
      subjectDigest,
    }: Omit<RememberedFile, 'sha256' | 'bytes'>) => {
      // Added up at once: lists of tens of thousands of files would fill the memory.
      rows = sumReports([rows, report])
      subjects.set(subjectDigest, { pseudonym, subjectDigest })
    }
    for (const file of resumed?.received.values() ?? []) {
      if (received.has(file.sha256)) continue
      received.add(file.sha256)
      add(file)
    }
    return {
      take: async ({ file: at, review }: Job, worker: DeidentificationWorker): Promise<void> => {
        setFile(at, 'cleaning')
        const file = await open(at)
        if (typeof file === 'string') {
          setFile(at, 'left-out', file)
          return
        }
        const answer = await worker.deidentify(file, review)
        if (answer.kind === 'refused') {
          setFile(at, 'left-out', answer.code)
          return
        }
        const { clean } = answer
        const { sha256 } = clean
        if (received.has(sha256)) {
          setFile(at, 'left-out', 'DUPLICATE')
          return
        }
        received.add(sha256)
        setFile(at, 'sending')
        const failure = await put(sender, clean)
        if (failure !== undefined) {
          received.delete(sha256)
          setFile(at, 'failed', failure)
          return
        }
        add(clean)
        const { pseudonym, subjectDigest, report, bytes } = clean
        const fingerprint = fingerprintOf(at)
        if (fingerprint !== undefined) {
          const file = { sha256, bytes: bytes.byteLength, pseudonym, subjectDigest, report }
          void memory.addSent(fingerprint, file)
        }
        setFile(at, 'received')
        set({ sentBytes: snapshot().sentBytes + bytes.byteLength })
      },
      complete: async (profile: string): Promise<void> => {
        if (received.size === 0) {
          set({ failureCode: 'UPLOAD_NOTHING_CLEAN' })
          return
        }
        store.tell()
        const leftOut: Record<string, number> = {}
        for (const { state, code } of snapshot().files) {
          if ((state === 'left-out' || state === 'failed') && code !== undefined) {
            leftOut[code] = (leftOut[code] ?? 0) + 1
          }
        }
        const report = { profile, files: received.size, rows: [...rows], leftOut }
        const body = { sha256s: [...received], report, subjects: [...subjects.values()] }
        await send(() => client.completeUpload({ params: { uploadId }, body }))
        await memory.forget()
        set({ uploadId })
      },
    }
  }

  /** The code of what is wrong with this file alone; undefined when it is received. */
  async function put(
    sender: FileSender,
    { bytes, sha256 }: CleanFile,
  ): Promise<string | undefined> {
    try {
      await sender.send(new Blob([bytes]), sha256)
      return undefined
    } catch (error) {
      if (error instanceof PandokError && OF_ONE_FILE.has(error.code)) return error.code
      throw error
    }
  }
}
