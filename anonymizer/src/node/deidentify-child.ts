/**
 * The process that foreign bytes are parsed in: reads, de-identifies and writes a temporary file
 * per input; its parent gives the files their names. Nothing but codes and counts goes back.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DicomError } from '../dicom/index.ts'
import { deidentifySource } from '../engine/deidentify.ts'
import type { SealAttributes } from '../engine/encrypted-attributes.ts'
import { DeidError } from '../errors.ts'
import type { LookFacts } from '../pixels/look-facts.ts'
import type { FrameCodecs } from '../pixels/model.ts'
import type { Profile } from '../profile/profile.ts'
import { type ReportRow, sumReports } from '../report/report.ts'
import { openVault, type PseudonymFormat } from '../vault/vault.ts'
import { createEnvelope, readRecipient } from './cms.ts'
import { contentDigest } from './content-digest.ts'
import type { ContentReview, Source } from './inputs.ts'
import { createRecordSealer, type SealedRecord, type TableKey } from './record-sealer.ts'
import type { RefusalCode } from './refusal.ts'
import { createSourceReader } from './source.ts'
import { WriteError, writeFile } from './write-file.ts'

export interface ChildSettings {
  readonly profile: Profile
  readonly key: Uint8Array
  readonly format: PseudonymFormat
  /** Where temporary files go; undefined: nothing is written. */
  readonly partialFolder: string | undefined
  /** Of the pseudonym table, where one is kept. */
  readonly tableKey: TableKey | undefined
  /** Of whom may read what was replaced and removed: certificates in PEM. */
  readonly certificates: readonly string[]
}

export interface Job {
  readonly index: number
  readonly source: Source
  readonly review: ContentReview | undefined
}

export interface Done {
  readonly index: number
  readonly code: undefined
  /** Name of the temporary file. */
  readonly partial: string
  readonly bytes: number
  readonly pseudonym: string
  readonly subjectDigest: string
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
  /** The detector has to see samples of its series first; undefined: it may be placed at once. */
  readonly look: LookFacts | undefined
  /** For the pseudonym table; sealed here, so that nobody else sees what is in it. */
  readonly sealed: SealedRecord | undefined
  /** Of `Answer.patterns` of this and earlier answers of the same child. */
  readonly pattern: number
}

export interface Refused {
  readonly index: number
  readonly code: RefusalCode
}

export interface Answer {
  readonly outcomes: readonly (Done | Refused)[]
  /** What was done, each distinct list once. */
  readonly patterns: readonly { readonly id: number; readonly rows: readonly ReportRow[] }[]
  /** The output cannot be written; the whole run ends. */
  readonly failure: string | undefined
}

const OWN_NAME = randomUUID()
const reader = createSourceReader()
const patterns = new Map<string, number>()
let nextPattern = 0
const rowNumbers = new WeakMap<ReportRow, number>()
let nextRow = 0
/** Older ones are forgotten on both sides. */
const MAX_PATTERNS = 500
let settings:
  | (ChildSettings & {
      codecs?: FrameCodecs
      vault: ReturnType<typeof openVault>
      sealAttributes: SealAttributes | undefined
      seal: ReturnType<typeof createRecordSealer> | undefined
    })
  | undefined

process.on('disconnect', () => process.exit(0))
process.on('message', (message: ChildSettings | readonly Job[]) => {
  if ('profile' in message) {
    const { key, format, tableKey, certificates } = message
    const recipients = certificates.map((pem) => readRecipient(pem, new Date()))
    settings = {
      ...message,
      vault: openVault(key, format),
      sealAttributes: recipients.length === 0 ? undefined : createEnvelope(recipients, key),
      seal: tableKey === undefined ? undefined : createRecordSealer(tableKey),
    }
    return
  }
  void answerTo(message).then((answer) => process.send?.(answer))
})

async function answerTo(jobs: readonly Job[]): Promise<Answer> {
  const fresh: Answer['patterns'][number][] = []
  const outcomes: (Done | Refused)[] = []
  let failure: string | undefined
  for (const job of jobs) {
    try {
      outcomes.push(await cleaned(job, fresh))
    } catch (error) {
      if (error instanceof WriteError) {
        failure = error.message
        break
      }
      outcomes.push({ index: job.index, code: codeOf(error) })
    }
  }
  return { outcomes, patterns: fresh, failure }
}

/** Decoders are loaded when the first file asks for them: most need none. */
async function cleaned(job: Job, fresh: Answer['patterns'][number][]): Promise<Done> {
  try {
    return clean(job, fresh)
  } catch (error) {
    const needsCodecs = error instanceof DeidError && error.code === 'DEID_PIXEL_CODEC'
    if (!needsCodecs || settings === undefined || settings.codecs !== undefined) throw error
    const { loadFrameCodecs } = await import('./frame-codecs.ts')
    settings = { ...settings, codecs: await loadFrameCodecs() }
    return clean(job, fresh)
  }
}

function clean({ index, source, review }: Job, fresh: Answer['patterns'][number][]): Done {
  if (settings === undefined) throw new Error('no settings came')
  const input = reader.open(source)
  const file = input instanceof Uint8Array ? undefined : input
  try {
    const isOfThese = review !== undefined && review.content === contentDigest(settings.key, input)
    const seen = isOfThese ? review : undefined
    const { pieces, report, ...names } = deidentifySource(input, settings, seen)
    const partial = `${OWN_NAME}-${index}`
    const { partialFolder } = settings
    if (partialFolder !== undefined) writeFile(join(partialFolder, partial), pieces, file)
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
    const sealed = settings.seal?.(input, names)
    const pattern = patternOf(report, fresh)
    return { index, code: undefined, partial, bytes, ...names, sealed, pattern }
  } finally {
    file?.close()
  }
}

function patternOf(report: readonly ReportRow[], fresh: Answer['patterns'][number][]): number {
  const signature = report.map(numberOf).join(' ')
  let pattern = patterns.get(signature)
  if (pattern === undefined) {
    if (patterns.size >= MAX_PATTERNS) patterns.clear()
    pattern = nextPattern++
    patterns.set(signature, pattern)
    fresh.push({ id: pattern, rows: sumReports([report]) })
  }
  return pattern
}

/** The engine gives one object for all rows that say the same. */
function numberOf(row: ReportRow): number {
  let number = rowNumbers.get(row)
  if (number === undefined) {
    number = nextRow++
    rowNumbers.set(row, number)
  }
  return number
}

function codeOf(error: unknown): RefusalCode {
  if (error instanceof DicomError || error instanceof DeidError) return error.code
  // Only the code leaves: messages of other errors may hold values or names.
  const isOfFile = error instanceof Error && 'syscall' in error
  return isOfFile ? 'DEID_UNREADABLE' : 'DEID_INTERNAL'
}
