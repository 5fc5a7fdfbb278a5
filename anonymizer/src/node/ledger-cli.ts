/**
 * `pandok ledger …`: what was de-identified for whom, who holds copies, and whether the record is as it
 * was written. There is no command that deletes: the record outlives the data by three years.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { anchorOf } from '../ledger/chain.ts'
import type { Entry, Fact } from '../ledger/entry.ts'
import { type Holding, holdingsOf, keepUntil } from '../ledger/holdings.ts'
import { sentenceOf, UsageError } from './complaint.ts'
import type { CliIo } from './io.ts'
import { type KeyFile, readKeys } from './key-file.ts'
import { appendToLedger, inspectLedger, readLedger } from './ledger-file.ts'
import { today } from './today.ts'

const HELP = `pandok ledger show FILE [--json]
pandok ledger verify FILE [--key-file KEYS] [--anchor N:HASH]
    Prints the anchor of today: keep it where nobody who can write FILE can, for it is what shows
    that the end was cut off. Without KEYS signatures are not compared.
pandok ledger recall FILE            who holds a copy, and until when; overdue first
pandok ledger copy FILE --key-file KEYS --of N --what TEXT --recipient TEXT --place TEXT
    --until YYYY-MM-DD               a copy of what entry N speaks of was handed over
pandok ledger destroyed FILE --key-file KEYS (--copy N… | --all) --how TEXT --by TEXT
    [--on YYYY-MM-DD]                copies are no more
Texts hold no value of a patient. Exit: 0 well, 1 something is wrong or overdue, 2 usage.
`

const OPTIONS = {
  'key-file': { type: 'string' },
  anchor: { type: 'string' },
  json: { type: 'boolean', default: false },
  of: { type: 'string' },
  what: { type: 'string' },
  recipient: { type: 'string' },
  place: { type: 'string' },
  until: { type: 'string' },
  copy: { type: 'string', multiple: true },
  all: { type: 'boolean', default: false },
  how: { type: 'string' },
  by: { type: 'string' },
  on: { type: 'string' },
} as const

type Values = ReturnType<typeof parsed>['values']

export function runLedgerCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    return Promise.resolve(run(args, io))
  } catch (error) {
    io.error(`${sentenceOf(error)}\n`)
    return Promise.resolve(2)
  }
}

function run(args: readonly string[], io: CliIo): number {
  const { values, positionals } = parsed(args)
  const [verb, file, ...more] = positionals
  if (file === undefined || more.length > 0) {
    io.error(HELP)
    return 2
  }
  switch (verb) {
    case 'show':
      return show(file, values, io)
    case 'verify':
      return verify(file, values, io)
    case 'recall':
      return recall(file, io)
    case 'copy':
      return copy(file, values, io)
    case 'destroyed':
      return destroyed(file, values, io)
    default:
      io.error(HELP)
      return 2
  }
}

function show(file: string, values: Values, io: CliIo): number {
  const { entries, fault } = inspectLedger(file)
  if (values.json) io.out(readFileSync(file, 'utf8'))
  else for (const entry of entries) io.out(`${lineFor(entry)}\n`)
  if (fault !== undefined) io.error(`${fault.code} at line ${fault.line}\n`)
  io.out(term(entries))
  return fault === undefined ? 0 : 1
}

function verify(file: string, values: Values, io: CliIo): number {
  const keyFile = values['key-file']
  const keys = keyFile === undefined ? undefined : readKeys(keyFile)
  const { entries, fault, isSignatureChecked } = inspectLedger(file, keys, values.anchor)
  if (fault !== undefined) {
    io.error(`${fault.code} at line ${fault.line}; the lines before it are as they were written\n`)
    return 1
  }
  const last = entries.at(-1)
  if (last === undefined) return 1
  const signatures = isSignatureChecked ? 'chain and signatures hold' : 'the chain holds'
  io.out(`${entries.length} entries: ${signatures}\nanchor: ${anchorOf(last)}\n`)
  if (!isSignatureChecked) io.out('signatures were not compared: give --key-file\n')
  return 0
}

function recall(file: string, io: CliIo): number {
  const entries = readLedger(file)
  const held = holdingsOf(entries, today()).filter((each) => each.destroyedOn === undefined)
  for (const each of held) io.out(`${holdingLine(each)}\n`)
  const overdue = held.filter(({ isOverdue }) => isOverdue).length
  io.out(`${held.length} held, ${overdue} of them overdue\n${term(entries)}`)
  return overdue > 0 ? 1 : 0
}

function copy(file: string, values: Values, io: CliIo): number {
  const of = numberOf(said(values, 'of'))
  const fact: Fact = {
    kind: 'copied',
    of,
    what: said(values, 'what'),
    recipient: said(values, 'recipient'),
    place: said(values, 'place'),
    until: said(values, 'until'),
  }
  const entries = appendToLedger(file, keysOf(values), (known) => {
    heldOf(known, of)
    return [fact]
  })
  return recorded(entries, io)
}

function destroyed(file: string, values: Values, io: CliIo): number {
  const { copy: named = [], all } = values
  if (all === named.length > 0) throw new UsageError('either --copy N, once or more, or --all')
  const on = values.on ?? today()
  if (on > today()) throw new UsageError('--on: what is to come cannot be recorded')
  const [how, by] = [said(values, 'how'), said(values, 'by')]
  const entries = appendToLedger(file, keysOf(values), (known) => {
    const copies = all
      ? holdingsOf(known, '').flatMap((each) => (each.destroyedOn === undefined ? [each.id] : []))
      : named.map((text) => heldOf(known, numberOf(text)).id)
    if (copies.length === 0) throw new UsageError('nothing is held any more')
    return [{ kind: 'destroyed', copies: [...new Set(copies)], on, how, by }]
  })
  io.out(term(entries))
  return recorded(entries, io)
}

function heldOf(entries: readonly Entry[], id: number): Holding {
  const holding = holdingsOf(entries, '').find((each) => each.id === id)
  if (holding === undefined) throw new UsageError(`entry ${id} speaks of no copy`)
  if (holding.destroyedOn !== undefined) throw new UsageError(`copy ${id} is destroyed already`)
  return holding
}

function recorded(entries: readonly Entry[], io: CliIo): number {
  const last = entries.at(-1)
  if (last !== undefined) io.out(`entry ${last.sequence}; anchor: ${anchorOf(last)}\n`)
  return 0
}

function term(entries: readonly Entry[]): string {
  const until = keepUntil(entries)
  return until === undefined
    ? 'this record has to be kept for three years after the last copy is destroyed\n'
    : `every copy is destroyed; this record has to be kept until ${until}\n`
}

function holdingLine({ id, what, recipient, place, until, isOverdue }: Holding): string {
  return `${String(id).padStart(4)}  ${until}${isOverdue ? ' OVERDUE' : ''}  ${recipient}  ${what}  ${place}`
}

/** The facts of an entry in one line; what chains it is left out. */
function lineFor(entry: Entry): string {
  const { sequence, time, kind, hash: _h, mac: _m, previous: _p, key: _k, ...facts } = entry
  return `${String(sequence).padStart(4)}  ${time}  ${kind}  ${JSON.stringify(facts)}`
}

function keysOf(values: Values): KeyFile {
  return readKeys(said(values, 'key-file'))
}

type Text = 'key-file' | 'of' | 'what' | 'recipient' | 'place' | 'until' | 'how' | 'by'

function said(values: Values, name: Text): string {
  const text = values[name]
  if (text === undefined) throw new UsageError(`--${name} is missing; see --help`)
  return text
}

function numberOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError('entries are called by their numbers')
  return Number(text)
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch {
    throw new UsageError('an option is not known or lacks its value; see --help')
  }
}
