/**
 * De-identifies inputs for somebody who sends them on: clean files appear one by one in a folder of the
 * caller's and are the caller's to remove. As in the command: in child processes with limits, with the
 * detector's look at what claims to be free of text; what waits for a person is left out.
 *
 * Inputs are taken in stretches, so that neither memory nor disk grows with their number: a series that
 * lies in two stretches is looked at in both.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { loadProfile } from '../profile/profile.ts'
import type { ReportRow } from '../report/report.ts'
import type { PseudonymFormat } from '../vault/vault.ts'
import { startChildren } from './children.ts'
import type { Done } from './deidentify-child.ts'
import { type Input, inputsOf } from './inputs.ts'
import { createLooker } from './look.ts'
import type { Held, Outcome, Placer } from './place.ts'
import type { RefusalCode } from './refusal.ts'
import { createRunner } from './run.ts'

export interface CleanedFile {
  readonly input: Input
  readonly path: string
  readonly bytes: number
  readonly pseudonym: string
  readonly subjectDigest: string
  readonly rows: readonly ReportRow[]
}

export interface CleanFilesOptions {
  readonly paths: readonly string[]
  /** As loadProfile takes it: a name or the text of a file. */
  readonly profile: string
  readonly key: Uint8Array
  readonly format: PseudonymFormat
  /** Where clean files go. */
  readonly folder: string
  readonly jobs: number
  /** Asked before an input is taken: true leaves it out in silence. May wait. */
  readonly isDone: (input: Input) => Promise<boolean>
  readonly onClean: (file: CleanedFile) => void
  readonly onRefused: (input: Input, code: RefusalCode) => void
  /** Frames that the detector looked at, of those it is going to. */
  readonly onLooked: (looked: number, frames: number) => void
}

const STRETCH_FILES = 2_000
const STRETCH_BYTES = 2 * 1024 ** 3

/** Throws InputError for a zip that is none, OutputError when the folder cannot be written. */
export async function cleanFiles(options: CleanFilesOptions): Promise<void> {
  const { folder, jobs, format, key } = options
  const profile = loadProfile(options.profile)
  const settings = {
    profile,
    format,
    key,
    partialFolder: folder,
    tableKey: undefined,
    certificates: [],
  }
  const children = startChildren(jobs, Promise.resolve(settings))
  const looker = createLooker({
    look: profile.pixels.look,
    lanes: jobs,
    progress: options.onLooked,
  })
  const placer = createHandover(options)
  const runner = createRunner({ children, lanes: jobs, placer })
  const tell = (input: Input, outcome: Outcome) => {
    if (outcome.kind === 'refused') options.onRefused(input, outcome.code)
  }
  try {
    for await (const stretch of stretches(options)) {
      const held: Held[] = []
      await runner.run(numbered(stretch), { tell, hold: (each) => held.push(each) })
      const seen = await looker.look(held)
      for (const each of held) {
        const verdict = seen.get(each.input.id)
        tell(
          each.input,
          verdict === undefined ? placer.place(each) : placer.refuse(each, verdict.code),
        )
      }
    }
  } finally {
    children.close()
    looker.close()
  }
}

async function* stretches({ paths, key, isDone }: CleanFilesOptions): AsyncGenerator<Input[]> {
  let stretch: Input[] = []
  let bytes = 0
  for await (const input of inputsOf(paths, key)) {
    if (await isDone(input)) continue
    stretch.push(input)
    bytes += input.bytes
    if (stretch.length < STRETCH_FILES && bytes < STRETCH_BYTES) continue
    yield stretch
    stretch = []
    bytes = 0
  }
  if (stretch.length > 0) yield stretch
}

/** The runner counts from 0 in each stretch. */
const numbered = (inputs: readonly Input[]): AsyncIterable<Input> =>
  Readable.from(inputs.map((input, index) => ({ ...input, index }))) as AsyncIterable<Input>

/** Hands clean files over under the names that the children gave them. */
function createHandover({ folder, onClean }: CleanFilesOptions): Placer {
  const pathOf = ({ partial }: Done) => join(folder, partial)
  const place = ({ input, done, rows }: Held): Outcome => {
    const { bytes, pseudonym, subjectDigest } = done
    const path = pathOf(done)
    onClean({ input, path, bytes, pseudonym, subjectDigest, rows })
    return { kind: 'written', path, bytes, rows }
  }
  return {
    judge: (input, outcome, rows) => {
      if (outcome.code === 'DEID_DICOMDIR') return { kind: 'passed-over' }
      if (outcome.code !== undefined) {
        return { kind: 'refused', code: outcome.code, other: undefined }
      }
      const held: Held = { kind: 'held', input, done: outcome, rows }
      return outcome.look === undefined ? place(held) : held
    },
    place,
    refuse: ({ done }, code) => {
      rmSync(pathOf(done), { force: true })
      return { kind: 'refused', code, other: undefined }
    },
  }
}
