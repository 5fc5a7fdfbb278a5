/**
 * What must hold for every file, however broken: a code or a clean file, in bounded time, no word of
 * the subject in either, and other readers see in the output what we see.
 */
import {
  checkClean,
  DeidError,
  DicomError,
  deidentify,
  joinChunks,
  loadProfile,
  openVault,
} from '@pandok/anonymizer'
import { type DataSet, getStrings, readDicom } from '@pandok/anonymizer/dicom'
import dcmjs from 'dcmjs'
import dicomParser from 'dicom-parser'
import { SUBJECT } from './seeds.ts'

const MAX_MS = 2_000
const research = loadProfile('research-longitudinal')
/** The same with pixels that nobody looked at: every kind of file gets to its end. */
const profile = loadProfile(
  `name: all-kinds\nversion: 1\noptions: [${[...research.options].join(', ')}]\n` +
    'pixels: { unseen: keep }\n',
)
const vault = openVault(new Uint8Array(32).fill(2), { prefix: 'LC', digits: 5 })
const settings = { profile, vault }
dcmjs.log.setLevel('silent')

export interface Tally {
  clean: number
  refused: number
  slowestMs: number
  /** Outputs that dcmjs does not read. */
  notByDcmjs: number
  readonly codes: Map<string, number>
}

export function newTally(): Tally {
  return { clean: 0, refused: 0, slowestMs: 0, notByDcmjs: 0, codes: new Map() }
}

/** Throws an Error that says which promise is broken; without a value of the file. */
export function hold(bytes: Buffer, tally: Tally): void {
  const start = performance.now()
  let result: Uint8Array<ArrayBuffer> | undefined
  try {
    result = joinChunks(deidentify(bytes, settings).chunks)
  } catch (error) {
    count(tally, codeOf(error))
  }
  const ms = performance.now() - start
  tally.slowestMs = Math.max(tally.slowestMs, ms)
  if (ms > MAX_MS) throw new Error(`took ${ms.toFixed(0)} ms`)
  if (result === undefined) return
  const known = identifiersOf(readDicom(bytes).dataSet, bytes)
  for (const word of known) {
    if (Buffer.from(result).includes(word)) throw new Error('an identifier is left')
  }
  if (isLetIn(result)) tally.clean++
  else count(tally, 'not let in')
  othersAgree(result, known, tally)
}

/** What a file needs to be let in may be gone: the server refuses it, and nothing is leaked. */
function isLetIn(result: Uint8Array): boolean {
  try {
    const check = checkClean(result, { profile, format: vault.format })
    if (check.isClean) return true
    if (check.findings.every(({ code }) => code.startsWith('DEID_'))) return false
    throw new Error(`not clean: ${check.findings.map(({ code }) => code).join()}`)
  } catch (error) {
    // Where frames lie, and numbers that are none: what the archive cannot tell of it.
    if (error instanceof DicomError) return false
    throw error
  }
}

function count(tally: Tally, code: string): void {
  tally.refused++
  tally.codes.set(code, (tally.codes.get(code) ?? 0) + 1)
}

function codeOf(error: unknown): string {
  const isCoded = error instanceof DicomError || error instanceof DeidError
  if (!isCoded) throw new Error('something else than a code', { cause: error })
  if (Object.values(SUBJECT).some((word) => error.message.includes(word))) {
    throw new Error('a value in an error')
  }
  return error.code
}

/**
 * The subject's own words as long as some reader still finds them where they belong: a changed
 * letter makes another word.
 */
function identifiersOf(dataSet: DataSet, bytes: Buffer): string[] {
  const ours = (tag: string) => getStrings(dataSet, tag)[0] ?? ''
  const theirs = parsed(bytes)
  const words: string[] = []
  const pixels = pixelBytes(dataSet)
  for (const [tag, word] of [
    ['00100010', SUBJECT.name],
    ['00100020', SUBJECT.id],
    ['00080050', SUBJECT.accession],
  ] as const) {
    const isOurs = ours(tag).split('=')[0] === word
    const isTheirs = theirs?.string(`x${tag.toLowerCase()}`)?.split('=')[0] === word
    // Pixels are nobody's letters, also where a change copied some into them: they stay bit by bit.
    if ((isOurs || isTheirs) && !pixels.includes(word)) words.push(word)
  }
  return words
}

function pixelBytes(dataSet: DataSet): Buffer {
  const element = dataSet.get('7FE00010')
  if (element?.kind === 'value') return Buffer.from(element.bytes)
  return Buffer.concat(element?.kind === 'fragments' ? element.fragments : [])
}

/** dicom-parser throws strings and objects that hold the whole file: nothing of them is kept. */
function parsed(bytes: Buffer): dicomParser.DataSet | undefined {
  try {
    return dicomParser.parseDicom(bytes)
  } catch {
    return undefined
  }
}

/** Two other readers find the tags that we find, and no word of the subject. */
function othersAgree(
  result: Uint8Array<ArrayBuffer>,
  known: readonly string[],
  tally: Tally,
): void {
  const own = [...readDicom(result).dataSet.keys()].join()
  const theirs = parsed(Buffer.from(result.buffer, result.byteOffset, result.byteLength))
  if (theirs === undefined) throw new Error('dicom-parser cannot read the output')
  const tags = Object.keys(theirs.elements)
    .map((tag) => tag.slice(1).toUpperCase())
    .filter((tag) => !tag.startsWith('0002'))
    .sort()
  if (tags.join() !== own) throw new Error('dicom-parser finds other tags in the output')
  const dict = readByDcmjs(result)
  if (dict === undefined) {
    tally.notByDcmjs++
    return
  }
  if (Object.keys(dict).sort().join() !== own) throw new Error('dcmjs finds other tags')
  const words = JSON.stringify(dict)
  if (known.some((word) => words.includes(word))) throw new Error('dcmjs finds an identifier')
}

/** It refuses several character sets and values that are not as its VR wants them. */
function readByDcmjs(
  result: Uint8Array<ArrayBuffer>,
): Readonly<Record<string, unknown>> | undefined {
  try {
    return dcmjs.data.DicomMessage.readFile(result.slice().buffer).dict
  } catch {
    return undefined
  }
}
