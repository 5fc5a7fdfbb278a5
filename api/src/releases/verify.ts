/**
 * Checks a release: every file is listed and has the size and SHA-256 that the manifest says,
 * nothing else is in the zip, and no name in it can lead outside the folder it is unpacked to.
 * Reads as a stream; writes nothing. One bad file does not hide the state of the others.
 */
import { createHash } from 'node:crypto'
import { access, constants } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { isReleasePath, pathKey } from './release-path.ts'
import { MANIFEST_PATH, Manifest, type ManifestFile } from './zip.ts'

const MESSAGES = {
  CANNOT_READ: 'there is no such file, or it may not be read',
  NOT_A_ZIP: 'this is no zip, or its directory is damaged: fetch it again',
  MANIFEST_MISSING: 'there is no manifest.json: this is no release of Pandok',
  MANIFEST_INVALID: 'manifest.json does not follow the schema pandok-release-1',
  PATH_UNSAFE: 'the name is not a plain file below the folder: do not unpack this zip',
  FILE_MISSING: 'the manifest lists it, the zip does not hold it',
  FILE_UNLISTED: 'the zip holds it, the manifest does not list it',
  FILE_TWICE: 'two files have this name, or names that differ in case only',
  FILE_UNREADABLE: 'its bytes cannot be read: damaged, cut off or encrypted',
  FILE_CHANGED: 'size or SHA-256 is not what the manifest says',
} as const

export type ProblemCode = keyof typeof MESSAGES

export interface Problem {
  /** In the zip; the zip itself for problems of the whole. */
  readonly path: string
  readonly code: ProblemCode
  readonly message: string
}

export interface Verification {
  /** Whether there are no problems. */
  readonly ok: boolean
  readonly problems: readonly Problem[]
  /** How many files and cases the manifest lists. */
  readonly files: number
  readonly cases: number
}

const MAX_MANIFEST_BYTES = 256 * 1024 * 1024
/** Info-ZIP's Unicode Path: unpackers that know it give the file another name. */
const UNICODE_PATH_FIELD = 0x7075
const [FILE_TYPE_MASK, PLAIN_FILE] = [0xf000, 0x8000]

interface Contents {
  readonly files: ReadonlyMap<string, ManifestFile | 'unreadable'>
  readonly manifest: string | undefined
  readonly problems: readonly Problem[]
}

export async function verifyRelease(path: string): Promise<Verification> {
  const refuse = (...problems: Problem[]) => ({ ok: false, problems, files: 0, cases: 0 })
  try {
    await access(path, constants.R_OK)
  } catch {
    return refuse(problem(path, 'CANNOT_READ'))
  }
  let contents: Contents
  try {
    contents = await readContents(path)
  } catch {
    return refuse(problem(path, 'NOT_A_ZIP'))
  }
  if (contents.manifest === undefined) {
    return refuse(problem(MANIFEST_PATH, 'MANIFEST_MISSING'), ...contents.problems)
  }
  const manifest = parseManifest(contents.manifest)
  if (manifest === undefined) {
    return refuse(problem(MANIFEST_PATH, 'MANIFEST_INVALID'), ...contents.problems)
  }
  const problems = [...contents.problems, ...compare(contents, manifest)]
  const { files, cases } = manifest
  return { ok: problems.length === 0, problems, files: files.length, cases: cases.length }
}

function problem(path: string, code: ProblemCode): Problem {
  return { path, code, message: MESSAGES[code] }
}

function compare({ files }: Contents, manifest: Manifest): Problem[] {
  const listed = new Set(manifest.files.map((file) => file.path))
  const wrong = manifest.files.flatMap(({ path, sha256, bytes }) => {
    const found = files.get(path)
    if (found === undefined) return [problem(path, 'FILE_MISSING')]
    // Already reported.
    if (found === 'unreadable') return []
    return found.sha256 === sha256 && found.bytes === bytes ? [] : [problem(path, 'FILE_CHANGED')]
  })
  const unlisted = [...files.keys()].filter((path) => path !== MANIFEST_PATH && !listed.has(path))
  return [...wrong, ...unlisted.map((path) => problem(path, 'FILE_UNLISTED'))]
}

/** undefined unless the schema holds and every listed path is safe and listed once. */
function parseManifest(text: string): Manifest | undefined {
  try {
    const manifest = Manifest.parse(JSON.parse(text))
    const keys = new Set(manifest.files.map(({ path }) => pathKey(path)))
    const isSound =
      keys.size === manifest.files.length &&
      manifest.files.every(({ path }) => isReleasePath(path) && path !== MANIFEST_PATH)
    return isSound ? manifest : undefined
  } catch {
    return undefined
  }
}

/** Every file with its hash, and the text of the manifest. Throws when the directory is damaged. */
async function readContents(path: string): Promise<Contents> {
  const problems: Problem[] = []
  const files = new Map<string, ManifestFile | 'unreadable'>()
  const keys = new Set<string>()
  let manifest: string | undefined
  // Names stay bytes here: the library would give up on the whole zip at the first unsafe one.
  const options = { lazyEntries: true, validateEntrySizes: true, decodeStrings: false }
  const zip = await yauzl.openPromise(path, options)
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileNameRaw.toString('utf8')
    const key = pathKey(name)
    if (keys.has(key)) problems.push(problem(name, 'FILE_TWICE'))
    keys.add(key)
    try {
      if (!(await isPlainlyNamed(zip, entry, name))) problems.push(problem(name, 'PATH_UNSAFE'))
      const { file, text } = await readEntry(zip, entry, name)
      files.set(name, file)
      if (text !== undefined) manifest = text
    } catch {
      files.set(name, 'unreadable')
      problems.push(problem(name, 'FILE_UNREADABLE'))
    }
  }
  return { files, manifest, problems }
}

/** Whether every unpacker makes a plain file of exactly this name of the entry. */
async function isPlainlyNamed(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  name: string,
): Promise<boolean> {
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK
  const local = await zip.readLocalFileHeaderPromise(entry)
  return (
    isReleasePath(name) &&
    Buffer.from(name, 'utf8').equals(entry.fileNameRaw) &&
    // Unpackers that stream take the name from here, the others from the directory.
    local.fileName.equals(entry.fileNameRaw) &&
    entry.extraFields.every(({ id }) => id !== UNICODE_PATH_FIELD) &&
    (type === 0 || type === PLAIN_FILE)
  )
}

/** Throws when the bytes do not inflate, are of another length, or fail their CRC-32. */
async function readEntry(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  path: string,
): Promise<{ file: ManifestFile; text: string | undefined }> {
  const hash = createHash('sha256')
  const kept: Buffer[] = []
  const isManifest = path === MANIFEST_PATH && entry.uncompressedSize <= MAX_MANIFEST_BYTES
  let bytes = 0
  let crc = 0
  const stream: AsyncIterable<Buffer> = await zip.openReadStreamPromise(entry)
  for await (const chunk of stream) {
    hash.update(chunk)
    crc = crc32(chunk, crc)
    bytes += chunk.length
    if (isManifest) kept.push(chunk)
  }
  if (crc !== entry.crc32) throw new Error('CRC-32 differs')
  return {
    file: { path, bytes, sha256: hash.digest('hex') },
    text: isManifest ? Buffer.concat(kept).toString('utf8') : undefined,
  }
}

export interface CliIo {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
}

/** Exit codes: 0 whole, 1 not whole, 2 usage or a file that cannot be read. */
export async function runVerifyCli(args: readonly string[], io: CliIo): Promise<number> {
  const [path] = args
  if (args.length !== 1 || path === undefined || path.startsWith('-')) {
    io.error('usage: pandok verify RELEASE.zip\n')
    return 2
  }
  const { ok, problems, files, cases } = await verifyRelease(path)
  // Names come from the zip: no control character may reach the terminal.
  for (const each of problems) {
    io.error(`${each.code} ${each.path.replace(/\p{Cc}/gu, '?')}: ${each.message}\n`)
  }
  if (problems.some(({ code }) => code === 'CANNOT_READ')) return 2
  io.out(
    ok
      ? `OK: ${files} files of ${cases} cases are whole\n`
      : `NOT OK: ${problems.length} problem${problems.length === 1 ? '' : 's'}\n`,
  )
  return ok ? 0 : 1
}
