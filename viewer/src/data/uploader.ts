/**
 * Takes files through de-identification and to the server in two passes. The first looks at every
 * file: what is refused, which series have to be looked at, and whether the detector sees text. The
 * second reads again, de-identifies with what a person decided, and sends; what nobody has to look at
 * goes while the person looks at the rest.
 *
 * Knows no React: a page subscribes to snapshots. Originals stay in workers of this window, their
 * names in this window. One file that fails holds up no other.
 */
import { loadProfile, type PixelReview, type ReportRow, sumReports } from '@pandok/anonymizer'
import type {
  CleanFile,
  DeidentificationWorker,
  FileInspection,
  LookingWorker,
  WorkerSettings,
} from '@pandok/anonymizer/web'
import { type Client, PandokError, persistently, type SubjectClaim } from '@pandok/contract'
import { createPictures, type Pictures } from './pictures.ts'
import { lookAtSeries } from './series-look.ts'
import { proposeMarks, seriesOf, type UploadSeries, viewsToLookAt } from './upload-series.ts'
import { createSnapshotStore, type UploadSnapshot } from './upload-snapshot.ts'
import { createWorkQueue } from './work-queue.ts'

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
}

export interface UploaderOptions {
  readonly client: Client
  readonly projectKey: string
  readonly files: readonly File[]
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
  const { client, files } = options
  const params = { projectKey: options.projectKey }
  const store = createSnapshotStore(files.map((file) => file.webkitRelativePath || file.name))
  const { set, setFile, snapshot } = store
  const queue = createWorkQueue<Job>()
  const decisions = new Map<string, (decision: SeriesDecision) => void>()
  const eyes = Promise.withResolvers<DeidentificationWorker>()
  const send = <T>(work: () => Promise<T>) =>
    persistently(work, (isWaiting) => set({ isWaiting }), options.pause)

  void run()
    .catch((error: unknown) => {
      set({ failureCode: error instanceof PandokError ? error.code : 'NETWORK', waiting: [] })
    })
    .finally(store.tell)
  return {
    subscribe: store.subscribe,
    snapshot,
    pictures: createPictures(async ({ file, frame }) => {
      const original = files[file]
      if (original === undefined) return { kind: 'refused', code: 'UNREADABLE' }
      return await (await eyes.promise).show(original, frame)
    }),
    decide: (seriesId, decision) => {
      decisions.get(seriesId)?.(decision)
    },
  }

  async function run(): Promise<void> {
    const kit = await client.getDeidentificationKey({ params })
    const settings: WorkerSettings = {
      key: Uint8Array.from(atob(kit.keyBase64), (letter) => letter.charCodeAt(0)),
      format: kit.pseudonymFormat,
      profile: kit.profile,
    }
    const workers = Array.from({ length: PARALLEL }, () => options.startWorker(settings))
    // The person at the page waits for no file that is being cleaned.
    const shower = options.startWorker(settings)
    eyes.resolve(shower)
    const looking = options.startLooking()
    try {
      const inspected = await inspectAll(workers)
      if (inspected.size === 0) {
        set({ failureCode: 'UPLOAD_NOTHING_CLEAN' })
        return
      }
      const upload = await client.createUpload({
        params,
        body: { profileVersion: kit.profileVersion, keyVersion: kit.keyVersion },
      })
      const sender = createSender(upload.id)
      const lanes = workers.map(async (worker) => {
        for (let job = await queue.take(); job !== undefined; job = await queue.take()) {
          await sender.take(job, worker)
        }
      })
      // A lane that fails stops the upload, whoever is still looking.
      await Promise.all([lookAndDecide(inspected, looking, kit.profile), ...lanes])
      await sender.complete(kit.profileLabel)
    } finally {
      queue.close()
      for (const worker of [...workers, shower, looking]) worker.close()
    }
  }

  async function inspectAll(
    workers: readonly DeidentificationWorker[],
  ): Promise<Map<number, FileInspection>> {
    const inspected = new Map<number, FileInspection>()
    let next = 0
    await Promise.all(
      workers.map(async (worker) => {
        for (let at = next++; at < files.length; at = next++) {
          const file = files[at]
          if (file === undefined) return
          setFile(at, 'inspecting')
          const answer = await worker.inspect(file)
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
  ): Promise<void> {
    const profileLook = loadProfile(profile).pixels.look
    const series = seriesOf(inspected)
    for (const each of series.flatMap((one) => one.files)) setFile(each.file, 'looking')
    for (const [file, { plan }] of inspected) {
      if (plan.kind === 'none') queue.add({ file, review: undefined })
    }
    const decided: Promise<void>[] = []
    for (const each of series) {
      const look = await lookAtSeries(each, {
        profileLook,
        look: async (file, frames) => {
          const original = files[file]
          if (original === undefined) return { kind: 'refused', code: 'UNREADABLE' }
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
      if (decision.kind === 'leave-out') setFile(file, 'left-out', decision.code)
      else {
        setFile(file, 'inspected')
        queue.add({ file, review: decision.reviews.get(file) })
      }
    }
  }

  function createSender(uploadId: string) {
    const received = new Set<string>()
    const reports: (readonly ReportRow[])[] = []
    const subjects = new Map<string, SubjectClaim>()
    return {
      take: async ({ file: at, review }: Job, worker: DeidentificationWorker): Promise<void> => {
        const file = files[at]
        if (file === undefined) return
        setFile(at, 'cleaning')
        const answer = await worker.deidentify(file, review)
        if (answer.kind === 'refused') {
          setFile(at, 'left-out', answer.code)
          return
        }
        const { clean } = answer
        if (received.has(clean.sha256)) {
          setFile(at, 'left-out', 'DUPLICATE')
          return
        }
        received.add(clean.sha256)
        setFile(at, 'sending')
        const failure = await put(uploadId, clean)
        if (failure !== undefined) {
          received.delete(clean.sha256)
          setFile(at, 'failed', failure)
          return
        }
        reports.push(clean.report)
        const { pseudonym, subjectDigest } = clean
        subjects.set(subjectDigest, { pseudonym, subjectDigest })
        setFile(at, 'received')
        set({ sentBytes: snapshot().sentBytes + clean.bytes.byteLength })
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
        const report = { profile, files: received.size, rows: sumReports(reports), leftOut }
        const body = { sha256s: [...received], report, subjects: [...subjects.values()] }
        await send(() => client.completeUpload({ params: { uploadId }, body }))
        set({ uploadId })
      },
    }
  }

  /** The code of what is wrong with this file alone; undefined when it is received. */
  async function put(uploadId: string, { bytes, sha256 }: CleanFile): Promise<string | undefined> {
    try {
      await send(() =>
        client.putUploadFile({ params: { uploadId, sha256 }, body: new Blob([bytes]) }),
      )
      return undefined
    } catch (error) {
      if (error instanceof PandokError && OF_ONE_FILE.has(error.code)) return error.code
      throw error
    }
  }
}
