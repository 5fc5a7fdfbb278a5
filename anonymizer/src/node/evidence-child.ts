/** Runs in a child process of its own: looks through one output a message. Only counts leave it, and
 * for the sample what stands in the output. */
import { readFileSync } from 'node:fs'
import {
  characterSetOf,
  type DataSet,
  DicomError,
  type Element,
  keywordOf,
  numbersOf,
  readDicom,
  stringsOf,
} from '../dicom/index.ts'
import { checkClean } from '../engine/check.ts'
import { loadProfile, type Profile } from '../profile/profile.ts'
import type { PseudonymFormat } from '../vault/vault.ts'
import { createRawScan, type RawFindings, type RawScan } from './raw-scan.ts'

export interface EvidenceSettings {
  /** As loadProfile takes it. */
  readonly profile: string
  readonly format: PseudonymFormat
  /** The hospital's own list; it stays in memory. */
  readonly identifiers: readonly string[]
}

export interface EvidenceQuestion {
  readonly path: string
  readonly isSample: boolean
}

export interface EvidenceAnswer {
  /** Codes of what contradicts that it is clean; of the reader when it is not readable. */
  readonly codes: readonly string[]
  readonly raw: RawFindings
  readonly sample: readonly SampleRow[]
}

export interface SampleRow {
  readonly depth: number
  readonly tag: string
  readonly keyword: string
  readonly vr: string
  readonly text: string
}

const MAX_ROWS = 3_000
const MAX_TEXT = 160
const MAX_NUMBERS = 8
const NUMBERS = new Set(['US', 'SS', 'UL', 'SL', 'FL', 'FD'])
const BYTES = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN', 'AT', 'SV', 'UV'])

let settings: { profile: Profile; format: PseudonymFormat; scan: RawScan } | undefined

process.on('disconnect', () => process.exit(0))
process.on('message', (message: EvidenceSettings | EvidenceQuestion) => {
  if ('identifiers' in message) {
    const { profile, format, identifiers } = message
    settings = { profile: loadProfile(profile), format, scan: createRawScan(identifiers) }
    return
  }
  process.send?.(answerTo(message))
})

function answerTo({ path, isSample }: EvidenceQuestion): EvidenceAnswer {
  if (settings === undefined) throw new Error('no settings came')
  const bytes = readFileSync(path)
  const raw = settings.scan.find(bytes)
  try {
    const result = checkClean(bytes, settings)
    const codes = result.isClean ? [] : result.findings.map(({ code }) => code)
    const sample = isSample ? rowsOf(readDicom(bytes, settings.profile.limits).dataSet) : []
    return { codes, raw, sample: sample.slice(0, MAX_ROWS) }
  } catch (error) {
    const code = error instanceof DicomError ? error.code : 'CHECK_INTERNAL'
    return { codes: [code], raw, sample: [] }
  }
}

function rowsOf(dataSet: DataSet, depth = 0, inherited: readonly string[] = []): SampleRow[] {
  const own = characterSetOf(dataSet)
  const characterSet = own.length > 0 ? own : inherited
  return [...dataSet.values()].flatMap((element) => {
    const { tag, vr } = element
    const row = { depth, tag, keyword: keywordOf(tag), vr, text: textOf(element, characterSet) }
    if (element.kind !== 'sequence') return [row]
    return [row, ...element.items.flatMap((item) => rowsOf(item, depth + 1, characterSet))]
  })
}

function textOf(element: Element, characterSet: readonly string[]): string {
  if (element.kind === 'sequence') return `${element.items.length} ×`
  if (element.kind === 'fragments') return `${element.fragments.length} fragments`
  if (element.kind === 'stored') return 'pixel data'
  const { vr, bytes } = element
  if (BYTES.has(vr)) return `${bytes.length} bytes`
  const values = NUMBERS.has(vr) ? numbersOf(element) : stringsOf(element, characterSet)
  const text = values.slice(0, NUMBERS.has(vr) ? MAX_NUMBERS : values.length).join('\\')
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}
