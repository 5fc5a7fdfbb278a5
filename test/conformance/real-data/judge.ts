/**
 * Runs in a process of its own with little memory: de-identifies every file that it is told of and
 * says how each ended; the last line says how much memory that took at most.
 */
import { readFileSync } from 'node:fs'
import {
  type ByteSource,
  checkClean,
  DeidError,
  DicomError,
  deidentify,
  deidentifySource,
  joinChunks,
  loadProfile,
  openVault,
  type Piece,
} from '@pandok/anonymizer'
import { getBytes, readDicom } from '@pandok/anonymizer/dicom'
import { loadFrameCodecs } from '@pandok/anonymizer/node/frame-codecs'

const profile = loadProfile('research-longitudinal')
/** The same with pixels that nobody looked at, so that headers of all kinds are cleaned. */
const unseen = loadProfile(`name: all-kinds
version: 1
options: [${[...profile.options].join(', ')}]
pixels: { unseen: keep }
faces: keep
`)
const vault = openVault(new Uint8Array(32).fill(8), { prefix: 'LC', digits: 5 })
const codecs = await loadFrameCodecs()
/** Used again and again, as a worker does; a fresh one must give the same. */
const settings = { profile: unseen, vault }

for (const path of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const bytes = readFileSync(path)
  const start = process.cpuUsage()
  const strict = verdict(() => deidentify(bytes, { profile, vault, codecs }))
  const streamed = verdict(() => deidentifySource(sourceOf(bytes), settings))
  const header = verdict(() => {
    const result = joinChunks(deidentify(bytes, settings).chunks)
    const fresh = joinChunks(deidentify(bytes, { profile: unseen, vault }).chunks)
    if (!Buffer.from(result).equals(fresh)) throw new Error('depends on what was before it')
    const { pieces } = deidentifySource(sourceOf(bytes), settings)
    if (!Buffer.from(result).equals(assembled(bytes, pieces))) {
      throw new Error('is another when read in parts')
    }
    judge(bytes, result)
  })
  if (streamed !== header) throw new Error(`read in parts: ${streamed}, as a whole: ${header}`)
  process.stdout.write(`${JSON.stringify({ path, strict, header, ms: cpuMs(start) })}\n`)
}
process.stdout.write(`${JSON.stringify({ maxRssKib: process.resourceUsage().maxRSS })}\n`)

function sourceOf(bytes: Buffer<ArrayBuffer>): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => Uint8Array.from(bytes.subarray(offset, offset + length)),
  }
}

function assembled(bytes: Buffer<ArrayBuffer>, pieces: readonly Piece[]): Uint8Array {
  return joinChunks(
    pieces.map((piece) =>
      piece instanceof Uint8Array
        ? piece
        : bytes.subarray(piece.offset, piece.offset + piece.length),
    ),
  )
}

/** Of the processor: what else the machine does is not counted. */
function cpuMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1_000
}

function judge(original: Uint8Array, result: Uint8Array): void {
  const check = checked(result)
  if (check !== undefined) throw new Error(check)
  const [before, after] = [original, result].map((each) => readDicom(each).dataSet)
  const [pixels, kept] = [before, after].map((each) => each && getBytes(each, '7FE00010'))
  // A missing pad byte is added.
  const whole = kept?.subarray(0, pixels?.length)
  if (pixels !== undefined && (whole === undefined || !Buffer.from(pixels).equals(whole))) {
    throw new Error('the pixels differ')
  }
  const tags = [...(after?.keys() ?? [])]
  if (tags.join() !== [...tags].sort().join()) throw new Error('tags do not ascend')
}

/** Every frame must be told where it lies too: a clean file that cannot be served is none. */
function checked(result: Uint8Array): string | undefined {
  const check = checkClean(result, { profile: unseen, format: vault.format })
  return check.isClean ? undefined : `not clean: ${JSON.stringify(check.findings.slice(0, 3))}`
}

function verdict(work: () => unknown): string {
  try {
    work()
    return 'ok'
  } catch (error) {
    if (error instanceof DicomError || error instanceof DeidError) return error.code
    return `FAILED ${error instanceof Error ? error.message : ''}`
  }
}
