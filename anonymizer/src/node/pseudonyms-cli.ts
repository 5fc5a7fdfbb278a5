/** `pandok pseudonyms …`: the hospital's encrypted table of pseudonyms, opened by two persons only. */
import { existsSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { anchorOf } from '../ledger/chain.ts'
import type { Entry } from '../ledger/entry.ts'
import { sentenceOf, UsageError } from './complaint.ts'
import type { CliIo } from './io.ts'
import { readKeys } from './key-file.ts'
import { passphrasesOf } from './passphrase.ts'
import { openForRequest, openNewTable, type Place, requestOpening } from './reidentify.ts'

const HELP = `pandok pseudonyms init FILE --person NAME --person NAME… --ledger LEDGER --key-file KEYS
    A new table. Any two of the persons can open it together, none alone.
pandok pseudonyms request FILE --pseudonym LC00001 --reason TEXT --by NAME
    --ledger LEDGER --key-file KEYS
pandok pseudonyms open FILE --request N --person NAME --person NAME
    --ledger LEDGER --key-file KEYS [--to FILE]
    Shows the original on this terminal, or writes it to FILE for its owner only.
Passphrases are asked for one after the other; [--passphrase-file FILE]… reads them instead, one for
each person in their order. Whatever is asked, refused, approved and shown is in the ledger.
`

const OPTIONS = {
  person: { type: 'string', multiple: true, default: [] as string[] },
  'passphrase-file': { type: 'string', multiple: true, default: [] as string[] },
  ledger: { type: 'string' },
  'key-file': { type: 'string' },
  pseudonym: { type: 'string' },
  reason: { type: 'string' },
  by: { type: 'string' },
  request: { type: 'string' },
  to: { type: 'string' },
} as const

type Values = ReturnType<typeof parsed>['values']

export async function runPseudonymsCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    return await run(args, io)
  } catch (error) {
    io.error(`${sentenceOf(error)}\n`)
    return 2
  }
}

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(args)
  const [verb, table, ...more] = positionals
  if (table === undefined || more.length > 0) {
    io.error(HELP)
    return 2
  }
  const place = (): Place => ({
    table,
    ledger: said(values, 'ledger'),
    keys: readKeys(said(values, 'key-file')),
  })
  const people = async (names: readonly string[]) => {
    const passphrases = await passphrasesOf(names, values['passphrase-file'], io)
    return names.map((name, at) => ({ name, passphrase: passphrases[at] ?? '' }))
  }
  switch (verb) {
    case 'init':
      return recorded(openNewTable(place(), await people(values.person)), io)
    case 'request': {
      const [pseudonym, reason, by] = [
        said(values, 'pseudonym'),
        said(values, 'reason'),
        said(values, 'by'),
      ]
      return recorded(requestOpening(place(), { pseudonym, reason, by }), io)
    }
    case 'open': {
      const request = Number(said(values, 'request'))
      const { to } = values
      if (to === undefined && !process.stdout.isTTY) {
        throw new UsageError('originals are shown on a terminal only, or go --to a file')
      }
      if (to !== undefined && existsSync(to)) throw new UsageError('--to: there is such a file')
      const [one, two, ...others] = await people(values.person)
      if (one === undefined || two === undefined || others.length > 0) {
        throw new UsageError('--person: the two who open it')
      }
      const lines = openForRequest(place(), request, [one, two]).map(
        ({ pseudonym, patientId, study, studyInstanceUid }) =>
          `${pseudonym}\t${patientId}\t${study}\t${studyInstanceUid}\n`,
      )
      const text = `pseudonym\tPatientID\tstudy\toriginal StudyInstanceUID\n${lines.join('')}`
      if (to === undefined) io.out(text)
      else writeFileSync(to, text, { mode: 0o600, flag: 'wx' })
      return 0
    }
    default:
      io.error(HELP)
      return 2
  }
}

function recorded(entries: readonly Entry[], io: CliIo): number {
  const last = entries.at(-1)
  if (last !== undefined) io.out(`entry ${last.sequence}; anchor: ${anchorOf(last)}\n`)
  return 0
}

function said(
  values: Values,
  name: 'ledger' | 'key-file' | 'pseudonym' | 'reason' | 'by' | 'request',
): string {
  const text = values[name]
  if (text === undefined) throw new UsageError(`--${name} is missing; see --help`)
  return text
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch {
    throw new UsageError('an option is not known or lacks its value; see --help')
  }
}
