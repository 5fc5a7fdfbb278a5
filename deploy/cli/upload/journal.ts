/**
 * What an upload under way has sent, a line for each file as it is acknowledged, so that a run that was
 * killed does not de-identify again what is there. Nothing in it identifies a person: inputs are keyed
 * digests of name, size and time; the rest is what was sent. The name of the journal is keyed too.
 */
import { createHmac } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DeidReportRow, Id, Sha256 } from '@pandok/contract'
import { z } from 'zod'

const Head = z.object({
  uploadId: Id,
  profileVersion: z.number(),
  keyVersion: z.number(),
})
export type JournalHead = z.infer<typeof Head>

const Sent = z.object({
  /** Of the input. */
  input: z.string(),
  sha256: Sha256,
  bytes: z.number(),
  pseudonym: z.string(),
  subjectDigest: z.string(),
  /** The place of its rows among the lists. */
  rows: z.number(),
})
type SentFile = z.infer<typeof Sent>

const Line = z.union([z.object({ rowsOf: z.array(DeidReportRow) }), Sent])

export interface Journal {
  readonly head: JournalHead
  /** Acknowledged before this run. */
  readonly sent: readonly SentFile[]
  readonly rowsAt: (at: number) => readonly DeidReportRow[]
  readonly add: (file: Omit<SentFile, 'rows'>, rows: readonly DeidReportRow[]) => SentFile
  readonly remove: () => void
}

/** Of the same inputs for the same project there is one. */
export function journalPath(
  folder: string,
  key: Uint8Array,
  about: { server: string; projectKey: string; inputs: readonly string[] },
): string {
  const text = JSON.stringify([about.server, about.projectKey, about.inputs])
  const name = createHmac('sha256', key).update(`upload\0${text}`).digest('hex').slice(0, 32)
  return join(folder, `${name}.jsonl`)
}

/** undefined where there is none that can be read. */
export function readJournal(path: string): Journal | undefined {
  if (!existsSync(path)) return undefined
  const [first = '', ...lines] = readFileSync(path, 'utf8').split('\n')
  const head = Head.safeParse(parsedJson(first))
  if (!head.success) return undefined
  const lists: (readonly DeidReportRow[])[] = []
  const sent: SentFile[] = []
  for (const line of lines) {
    // A line torn by a crash is of a file that is asked for again.
    const { data } = Line.safeParse(parsedJson(line))
    if (data === undefined) continue
    if ('rowsOf' in data) lists.push(data.rowsOf)
    else sent.push(data)
  }
  // So that what is added begins a line of its own.
  appendFileSync(path, '\n')
  return journalAt(path, head.data, sent, lists)
}

export function beginJournal(path: string, head: JournalHead): Journal {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(path, `${JSON.stringify(head)}\n`, { mode: 0o600 })
  return journalAt(path, head, [], [])
}

function journalAt(
  path: string,
  head: JournalHead,
  sent: readonly SentFile[],
  lists: (readonly DeidReportRow[])[],
): Journal {
  const known = new Map<string, number>()
  lists.forEach((rows, at) => known.set(JSON.stringify(rows), at))
  const numberOf = (rows: readonly DeidReportRow[]): number => {
    const text = JSON.stringify(rows)
    let at = known.get(text)
    if (at === undefined) {
      at = lists.push(rows) - 1
      known.set(text, at)
      appendFileSync(path, `${JSON.stringify({ rowsOf: rows })}\n`)
    }
    return at
  }
  return {
    head,
    sent,
    rowsAt: (at) => lists[at] ?? [],
    add: (file, rows) => {
      const line: SentFile = { ...file, rows: numberOf(rows) }
      appendFileSync(path, `${JSON.stringify(line)}\n`)
      return line
    },
    remove: () => {
      rmSync(path, { force: true })
    },
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
