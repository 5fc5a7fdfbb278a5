/**
 * Checks a release: every file is listed and has the size and SHA-256 that the manifest says, and
 * nothing else is in the zip. Reads as a stream; writes nothing.
 */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import yauzl from 'yauzl'
import { MANIFEST_PATH, Manifest, type ManifestFile } from './zip.ts'

export type ProblemCode =
  | 'NOT_A_ZIP'
  | 'MANIFEST_MISSING'
  | 'MANIFEST_INVALID'
  | 'FILE_MISSING'
  | 'FILE_UNLISTED'
  | 'FILE_TWICE'
  | 'FILE_CHANGED'

export interface Problem {
  readonly path: string
  readonly code: ProblemCode
}

export interface Verification {
  readonly problems: readonly Problem[]
  readonly files: number
  readonly cases: number
}

const MAX_MANIFEST_BYTES = 256 * 1024 * 1024
const openZip = promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open)

export async function verifyRelease(path: string): Promise<Verification> {
  const seen = new Map<string, ManifestFile>()
  const problems: Problem[] = []
  let manifestText: string | undefined
  try {
    const zip = await openZip(path, { lazyEntries: true, validateEntrySizes: true })
    for await (const entry of entriesOf(zip)) {
      if (seen.has(entry.file.path)) problems.push({ path: entry.file.path, code: 'FILE_TWICE' })
      seen.set(entry.file.path, entry.file)
      if (entry.text !== undefined) manifestText = entry.text
    }
  } catch {
    return { problems: [{ path, code: 'NOT_A_ZIP' }], files: seen.size, cases: 0 }
  }
  if (manifestText === undefined) {
    return { problems: [{ path: MANIFEST_PATH, code: 'MANIFEST_MISSING' }], files: 0, cases: 0 }
  }
  const manifest = parseManifest(manifestText)
  if (manifest === undefined) {
    return { problems: [{ path: MANIFEST_PATH, code: 'MANIFEST_INVALID' }], files: 0, cases: 0 }
  }
  const listed = new Map(manifest.files.map((file) => [file.path, file]))
  for (const file of manifest.files) {
    const found = seen.get(file.path)
    if (found === undefined) problems.push({ path: file.path, code: 'FILE_MISSING' })
    else if (found.sha256 !== file.sha256 || found.bytes !== file.bytes) {
      problems.push({ path: file.path, code: 'FILE_CHANGED' })
    }
  }
  for (const found of seen.keys()) {
    if (found !== MANIFEST_PATH && !listed.has(found)) {
      problems.push({ path: found, code: 'FILE_UNLISTED' })
    }
  }
  return { problems, files: manifest.files.length, cases: manifest.cases.length }
}

function parseManifest(text: string): Manifest | undefined {
  try {
    return Manifest.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Every entry with its hash; the text too for the manifest. */
async function* entriesOf(
  zip: yauzl.ZipFile,
): AsyncGenerator<{ file: ManifestFile; text: string | undefined }> {
  const openStream = promisify(zip.openReadStream.bind(zip)) as (
    entry: yauzl.Entry,
  ) => Promise<AsyncIterable<Buffer>>
  for (;;) {
    const entry = await nextEntry(zip)
    if (entry === undefined) return
    const hash = createHash('sha256')
    const kept: Buffer[] = []
    let bytes = 0
    const isManifest = entry.fileName === MANIFEST_PATH
    for await (const chunk of await openStream(entry)) {
      hash.update(chunk)
      bytes += chunk.length
      if (isManifest && bytes <= MAX_MANIFEST_BYTES) kept.push(chunk)
    }
    yield {
      file: { path: entry.fileName, bytes, sha256: hash.digest('hex') },
      text: isManifest ? Buffer.concat(kept).toString('utf8') : undefined,
    }
  }
}

function nextEntry(zip: yauzl.ZipFile): Promise<yauzl.Entry | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      zip.off('entry', onEntry)
      zip.off('end', onEnd)
      zip.off('error', onError)
      action()
    }
    const onEntry = (entry: yauzl.Entry) => {
      settle(() => {
        resolve(entry)
      })
    }
    const onEnd = () => {
      settle(() => {
        resolve(undefined)
      })
    }
    const onError = (error: Error) => {
      settle(() => {
        reject(error)
      })
    }
    zip.on('entry', onEntry)
    zip.on('end', onEnd)
    zip.on('error', onError)
    zip.readEntry()
  })
}

export interface CliIo {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
}

/** Exit codes: 0 whole, 1 not whole, 2 usage. */
export async function runVerifyCli(args: readonly string[], io: CliIo): Promise<number> {
  const [path] = args
  if (args.length !== 1 || path === undefined || path.startsWith('-')) {
    io.error('usage: pandok verify RELEASE.zip\n')
    return 2
  }
  const { problems, files, cases } = await verifyRelease(path)
  for (const problem of problems) io.error(`${problem.code} ${problem.path}\n`)
  io.out(
    problems.length === 0
      ? `OK: ${files} files of ${cases} cases are whole\n`
      : `NOT OK: ${problems.length} problems\n`,
  )
  return problems.length === 0 ? 0 : 1
}
