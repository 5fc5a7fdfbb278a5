/**
 * De-identifies one DICOM file (PS3.15 annex E): walks every element at every level, takes the
 * action the profile gives, and attests what was done. Pixel data is not touched.
 *
 * In: bytes of a Part 10 file. Out: bytes of a new one, and a report without values. Any doubt is
 * an error (DicomError, DeidError) and no output.
 */
import {
  dataSet as buildDataSet,
  characterSetOf,
  type DataSet,
  type Element,
  getString,
  keywordOf,
  readDicom,
  sequence,
  stringsOf,
  type Tag,
  value,
  writeDicom,
} from '../dicom/index.ts'
import { DeidError } from '../errors.ts'
import { isSopClassHandled, resolveAction } from '../profile/profile.ts'
import { type ReportRow, sumReports } from '../report/report.ts'
import { shiftDa, shiftDt } from '../vault/dates.ts'
import type { Vault } from '../vault/vault.ts'
import { ATTESTATION, ATTESTATION_TAGS } from './attestation.ts'
import { dummyOf } from './dummy.ts'

export interface Deidentified {
  readonly bytes: Uint8Array
  readonly pseudonym: string
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
  readonly report: readonly ReportRow[]
}

interface Walk {
  readonly vault: Vault
  readonly sopClassUid: string
  readonly pseudonym: string
  readonly offsetDays: number
  readonly characterSet: readonly string[]
  readonly rows: ReportRow[]
}

export async function deidentify(bytes: Uint8Array, vault: Vault): Promise<Deidentified> {
  const file = readDicom(bytes)
  const { dataSet } = file
  const sopClassUid = getString(dataSet, '00080016')
  if (!isSopClassHandled(sopClassUid)) {
    throw new DeidError('DEID_SOP_CLASS', '(0008,0016) is not a SOP class that is handled yet')
  }
  if (getString(dataSet, '00280301') === 'YES') {
    throw new DeidError('DEID_BURNED_IN', '(0028,0301) says that identifiers are in the pixels')
  }
  for (const tag of ['00080018', '0020000D', '0020000E']) {
    if (getString(dataSet, tag) === '') throw new DeidError('DEID_NO_UID', `(${tag}) is empty`)
  }
  // A file cut at the edge of an element reads well: only what is missing tells.
  if (!dataSet.has('7FE00010')) throw new DeidError('DEID_NO_PIXELS', '(7FE0,0010) is missing')
  const pseudonym = await vault.pseudonymFor(getString(dataSet, '00100020'))
  const walk: Walk = {
    vault,
    sopClassUid,
    pseudonym,
    offsetDays: await vault.dateOffsetDays(pseudonym),
    characterSet: characterSetOf(dataSet),
    rows: [],
  }
  const kept = await cleanDataSet(walk, dataSet, '')
  const clean = buildDataSet([
    ...kept.filter((element) => !ATTESTATION_TAGS.has(element.tag)),
    value('00100010', 'PN', pseudonym),
    value('00100020', 'LO', pseudonym),
    ...ATTESTATION,
  ])
  return {
    bytes: writeDicom({ transferSyntaxUid: file.transferSyntaxUid, dataSet: clean }),
    pseudonym,
    studyInstanceUid: getString(clean, '0020000D'),
    seriesInstanceUid: getString(clean, '0020000E'),
    sopInstanceUid: getString(clean, '00080018'),
    report: sumReports([walk.rows]),
  }
}

async function cleanDataSet(walk: Walk, dataSet: DataSet, path: string): Promise<Element[]> {
  const kept: Element[] = []
  for (const element of dataSet.values()) {
    const here = path === '' ? element.tag : `${path}.${element.tag}`
    const { action, rule } = resolveAction(element.tag, element.vr, walk.sopClassUid)
    const result = await act(walk, element, action, here)
    if (!isSame(result, element)) {
      walk.rows.push({ path: here, keyword: keywordOf(element.tag), rule, action, count: 1 })
    }
    if (result !== undefined) kept.push(result)
  }
  return kept
}

/** The element after its action; the very same object when nothing changes; undefined: removed. */
async function act(
  walk: Walk,
  element: Element,
  action: ReturnType<typeof resolveAction>['action'],
  path: string,
): Promise<Element | undefined> {
  if (element.kind === 'sequence') {
    if (action === 'Z') return sequence(element.tag, [])
    if (action !== 'K' && action !== 'U') return undefined
    return await cleanItems(walk, element.tag, element.items, path)
  }
  if (element.kind === 'fragments') return action === 'K' ? element : undefined
  const { tag, vr } = element
  switch (action) {
    case 'K':
      return element
    case 'X':
      return undefined
    case 'Z':
      return element.bytes.length === 0 ? element : value(tag, vr, '')
    case 'D':
      return dummyOf(tag, vr)
    case 'P':
      return value(tag, vr, walk.pseudonym)
    case 'U': {
      const uids = stringsOf(element, walk.characterSet)
      return value(tag, vr, await Promise.all(uids.map((uid) => walk.vault.deriveUid(uid))))
    }
    case 'C-date': {
      const shift = vr === 'DA' ? shiftDa : shiftDt
      const texts = stringsOf(element, walk.characterSet)
      return value(
        tag,
        vr,
        texts.map((text) => shift(text, walk.offsetDays)),
      )
    }
  }
}

async function cleanItems(
  walk: Walk,
  tag: Tag,
  items: readonly DataSet[],
  path: string,
): Promise<Element> {
  const cleaned: DataSet[] = []
  for (const item of items) {
    cleaned.push(buildDataSet(await cleanDataSet(walk, item, `${path}[*]`)))
  }
  return sequence(tag, cleaned)
}

/** A U or a shift may leave what was there: a standard UID, an empty date. */
function isSame(result: Element | undefined, element: Element): boolean {
  if (result === element) return true
  if (result?.kind !== 'value' || element.kind !== 'value') return false
  const { bytes } = result
  return (
    bytes.length === element.bytes.length && bytes.every((byte, at) => byte === element.bytes[at])
  )
}
