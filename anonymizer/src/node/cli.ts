/**
 * `pandok deidentify IN… --out DIR`: cleans files and folders on the hospital's own machine.
 * Each output is written whole or not at all; originals are only read.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  createKey,
  DEFAULT_PROFILE,
  DeidError,
  DicomError,
  deidentify,
  joinChunks,
  loadProfile,
  openVault,
  type ReportRow,
  type Settings,
  sumReports,
} from '../index.ts'

const HELP = `pandok deidentify IN… --out DIR [--key FILE] [--prefix LC] [--digits 5]

Writes DIR/<pseudonym>/<study>/<series>/<instance>.dcm and DIR/report.json (what was changed, no
values). The key (32 bytes, base64) decides pseudonyms, UIDs and date offsets: use a project's own
so that the same patient is the same subject everywhere. Without --key, DIR/../pandok-deid.key is
used, and made when it does not exist. Exit: 0 all done, 1 some files left out, 2 usage.
`

export interface CliIo {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
}

export async function runDeidentifyCli(args: readonly string[], io: CliIo): Promise<number> {
  const options = readOptions(args)
  if (options === undefined) {
    io.error(HELP)
    return 2
  }
  if (options.help) {
    io.out(HELP)
    return 0
  }
  const profile = loadProfile(DEFAULT_PROFILE)
  const vault = openVault(await keyFrom(options.keyFile, io), options.format)
  const files = await filesUnder(options.inputs)
  const reports: (readonly ReportRow[])[] = []
  const leftOut: { file: string; code: string }[] = []
  for (const [at, path] of files.entries()) {
    const outcome = await cleanOne(path, options.out, { profile, vault })
    if ('code' in outcome) leftOut.push({ file: path, code: outcome.code })
    else reports.push(outcome.report)
    if ((at + 1) % 50 === 0) io.error(`${at + 1} of ${files.length} files\n`)
  }
  await mkdir(options.out, { recursive: true })
  const report = { profile: profile.label, files: reports.length, rows: sumReports(reports) }
  await writeFile(join(options.out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  for (const each of leftOut) io.error(`left out: ${each.file}: ${each.code}\n`)
  io.out(`${reports.length} de-identified, ${leftOut.length} left out\n`)
  return leftOut.length > 0 || reports.length === 0 ? 1 : 0
}

function readOptions(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        key: { type: 'string' },
        prefix: { type: 'string', default: 'LC' },
        digits: { type: 'string', default: '5' },
        help: { type: 'boolean', default: false },
      },
    })
    const digits = Number(values.digits)
    const isUsable =
      values.out !== undefined &&
      positionals.length > 0 &&
      /^[A-Z]{1,4}$/.test(values.prefix) &&
      digits >= 4 &&
      digits <= 9
    if (!isUsable && !values.help) return undefined
    const out = resolve(values.out ?? '.')
    return {
      help: values.help,
      inputs: positionals,
      out,
      keyFile: values.key ?? join(out, '..', 'pandok-deid.key'),
      format: { prefix: values.prefix, digits },
    }
  } catch {
    return undefined
  }
}

async function keyFrom(path: string, io: CliIo): Promise<Uint8Array> {
  try {
    return Buffer.from((await readFile(path, 'utf8')).trim(), 'base64')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    const key = createKey()
    await writeFile(path, `${Buffer.from(key).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
    io.error(`made a new key: ${path}. Keep it safe and apart from the data.\n`)
    return key
  }
}

async function filesUnder(inputs: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const input of inputs) {
    if (!(await stat(input)).isDirectory()) {
      files.push(input)
      continue
    }
    for (const entry of await readdir(input, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) files.push(join(entry.parentPath, entry.name))
    }
  }
  return files.sort()
}

async function cleanOne(
  path: string,
  out: string,
  settings: Settings,
): Promise<{ report: readonly ReportRow[] } | { code: string }> {
  try {
    const clean = deidentify(await readFile(path), settings)
    const folder = join(out, clean.pseudonym, clean.studyInstanceUid, clean.seriesInstanceUid)
    await writeWhole(folder, `${clean.sopInstanceUid}.dcm`, joinChunks(clean.chunks))
    return { report: clean.report }
  } catch (error) {
    if (error instanceof DicomError || error instanceof DeidError) return { code: error.code }
    throw error
  }
}

async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true })
  const temporary = join(folder, `.${randomUUID()}`)
  const file = await open(temporary, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, join(folder, name))
}
