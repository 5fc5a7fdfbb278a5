/** `pandok evidence DIR --report FILE.json --out PACK.zip`: what a review board looks at. */
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { anchorOf } from '../ledger/chain.ts'
import { BUILT_IN_NAMES, DEFAULT_PROFILE } from '../profile/names.ts'
import { sentenceOf, UsageError } from './complaint.ts'
import { makeEvidence } from './evidence.ts'
import type { CliIo } from './io.ts'
import { readKeys, refuseWithin } from './key-file.ts'
import { appendToLedger, readLedger } from './ledger-file.ts'
import { total } from './raw-scan.ts'

const HELP = `pandok evidence DIR --report FILE.json --out PACK.zip
  [--profile NAME|FILE]       the one that the run had (${DEFAULT_PROFILE})
  [--sample N]                outputs whose headers go along, chosen at random (5)
  [--identifiers FILE]        the hospital's own list, one a line: searched for, never written
  [--ledger FILE --key-file KEYS]   purpose, recipient and period; the check is recorded
Looks through every file below DIR. Exit: 0 nothing was found, 1 something was, 2 usage.
`

const MAX_SAMPLE = 200

export async function runEvidenceCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    return await run(args, io)
  } catch (error) {
    io.error(`${sentenceOf(error)}\n`)
    return 2
  }
}

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parsed(args)
  const [folder, ...more] = positionals
  const { report, out, ledger, profile } = values
  if (folder === undefined || more.length > 0 || report === undefined || out === undefined) {
    io.error(HELP)
    return 2
  }
  const sample = Number(values.sample)
  if (!(Number.isInteger(sample) && sample >= 0 && sample <= MAX_SAMPLE)) {
    throw new UsageError(`--sample: 0 to ${MAX_SAMPLE}`)
  }
  if (existsSync(out)) throw new UsageError('--out: there is such a file')
  refuseWithin(out, folder, 'the evidence pack')
  const keyFile = values['key-file']
  if ((ledger === undefined) !== (keyFile === undefined)) {
    throw new UsageError('--ledger and --key-file go together')
  }
  const keys = keyFile === undefined ? undefined : readKeys(keyFile)
  const { identifiers } = values
  const made = await makeEvidence({
    folder,
    report,
    profile: BUILT_IN_NAMES.some((name) => name === profile)
      ? profile
      : readFileSync(profile, 'utf8'),
    out,
    sample,
    identifiers: identifiers === undefined ? [] : readFileSync(identifiers, 'utf8').split(/\r?\n/),
    entries: ledger === undefined ? [] : readLedger(ledger, keys),
    now: new Date(),
  })
  const { residual, sha256, reportSha256, sampled } = made
  const { files, withFindings, raw } = residual
  io.out(
    `${files} files looked through, ${withFindings} with findings (${total(raw)} in their bytes); ` +
      `${sampled} in the sample\nSHA-256 of the pack: ${sha256}\n`,
  )
  if (ledger !== undefined && keys !== undefined) {
    const entries = appendToLedger(ledger, keys, () => [
      { kind: 'checked', reportSha256, evidenceSha256: sha256, files, withFindings },
    ])
    const last = entries.at(-1)
    if (last !== undefined) io.out(`entry ${last.sequence}; anchor: ${anchorOf(last)}\n`)
  }
  return withFindings > 0 ? 1 : 0
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        report: { type: 'string' },
        out: { type: 'string' },
        profile: { type: 'string', default: DEFAULT_PROFILE },
        sample: { type: 'string', default: '5' },
        identifiers: { type: 'string' },
        ledger: { type: 'string' },
        'key-file': { type: 'string' },
      },
    })
  } catch {
    throw new UsageError('an option is not known or lacks its value; see --help')
  }
}
