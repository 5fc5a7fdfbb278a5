/**
 * Looks at a file that claims to be de-identified and says what contradicts that. The server asks
 * this of everything it receives; it trusts no sender.
 *
 * Whether a date was shifted cannot be seen in it; the attestation says so, and whoever signs the
 * QC stands for it.
 */
import {
  type DataSet,
  type DicomJson,
  type Element,
  type FrameRange,
  frameRanges,
  getNumber,
  getString,
  keywordOf,
  readDicom,
  stringsOf,
  toDicomJson,
} from '../dicom/index.ts'
import { isSopClassHandled, resolveAction } from '../profile/profile.ts'
import { type PseudonymFormat, pseudonymPattern } from '../vault/vault.ts'
import { dummyOf } from './dummy.ts'

export interface CheckFinding {
  readonly path: string
  readonly keyword: string
  readonly rule: string
  readonly code: FindingCode
}

export type FindingCode =
  | 'SOP_CLASS_NOT_HANDLED'
  | 'NOT_ATTESTED'
  | 'BURNED_IN'
  | 'NOT_A_PSEUDONYM'
  | 'MUST_BE_ABSENT'
  | 'MUST_BE_EMPTY'
  | 'MUST_BE_DUMMY'
  | 'MUST_BE_DERIVED_UID'
  | 'UID_MISSING'
  | 'PIXELS_MISSING'

/** What the archive needs to know of a clean file. */
export interface CleanInstance {
  readonly patientId: string
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
  readonly sopClassUid: string
  readonly transferSyntaxUid: string
  readonly modality: string
  readonly numberOfFrames: number
  readonly metadata: DicomJson
  readonly frames: readonly FrameRange[]
}

export type CheckResult =
  | { readonly isClean: true; readonly instance: CleanInstance }
  | { readonly isClean: false; readonly findings: readonly CheckFinding[] }

const MAX_FINDINGS = 200
const DERIVED_UID = /^(2\.25\.(0|[1-9]\d{0,38})|1\.2\.840\.10008\.[\d.]+)$/

/** Throws DicomError for bytes that are no readable DICOM file. */
export function checkClean(bytes: Uint8Array, format: PseudonymFormat): CheckResult {
  const file = readDicom(bytes)
  const { dataSet } = file
  const findings: CheckFinding[] = []
  const sopClassUid = getString(dataSet, '00080016')
  const say = (tag: string, code: FindingCode, rule = '') => {
    findings.push({ path: tag, keyword: keywordOf(tag), rule, code })
  }
  if (!isSopClassHandled(sopClassUid)) say('00080016', 'SOP_CLASS_NOT_HANDLED')
  if (getString(dataSet, '00120062') !== 'YES') say('00120062', 'NOT_ATTESTED')
  if (getString(dataSet, '00280303') !== 'MODIFIED') say('00280303', 'NOT_ATTESTED')
  if (getString(dataSet, '00280301') === 'YES') say('00280301', 'BURNED_IN')
  if (!dataSet.has('7FE00010')) say('7FE00010', 'PIXELS_MISSING')
  const pattern = pseudonymPattern(format)
  for (const tag of ['00100010', '00100020']) {
    if (!pattern.test(getString(dataSet, tag))) say(tag, 'NOT_A_PSEUDONYM', 'Z/D')
  }
  if (getString(dataSet, '00100010') !== getString(dataSet, '00100020')) {
    say('00100010', 'NOT_A_PSEUDONYM', 'Z')
  }
  for (const tag of ['00080018', '0020000D', '0020000E']) {
    if (getString(dataSet, tag) === '') say(tag, 'UID_MISSING')
  }
  checkDataSet(dataSet, '', sopClassUid, findings)
  checkBytesOutside(bytes, findings)
  if (findings.length > 0) return { isClean: false, findings: findings.slice(0, MAX_FINDINGS) }
  return {
    isClean: true,
    instance: {
      patientId: getString(dataSet, '00100020'),
      studyInstanceUid: getString(dataSet, '0020000D'),
      seriesInstanceUid: getString(dataSet, '0020000E'),
      sopInstanceUid: getString(dataSet, '00080018'),
      sopClassUid,
      transferSyntaxUid: file.transferSyntaxUid,
      modality: getString(dataSet, '00080060'),
      numberOfFrames: getNumber(dataSet, '00280008') ?? 1,
      metadata: toDicomJson(dataSet),
      frames: frameRanges(bytes, file),
    },
  }
}

/** The preamble may hold anything; here it must hold nothing (PS3.10 7.1). */
function checkBytesOutside(bytes: Uint8Array, findings: CheckFinding[]): void {
  if (bytes.subarray(0, 128).some((byte) => byte !== 0)) {
    findings.push({
      path: 'preamble',
      keyword: 'preamble',
      rule: 'PS3.10 7.1',
      code: 'MUST_BE_EMPTY',
    })
  }
}

function checkDataSet(
  dataSet: DataSet,
  path: string,
  sopClassUid: string,
  findings: CheckFinding[],
): void {
  for (const element of dataSet.values()) {
    const here = path === '' ? element.tag : `${path}.${element.tag}`
    const { action, rule } = resolveAction(element.tag, element.vr, sopClassUid)
    const code = contradiction(element, action)
    if (code !== undefined) {
      findings.push({ path: here, keyword: keywordOf(element.tag), rule, code })
    } else if (element.kind === 'sequence') {
      for (const item of element.items) checkDataSet(item, `${here}[*]`, sopClassUid, findings)
    }
  }
}

function contradiction(
  element: Element,
  action: ReturnType<typeof resolveAction>['action'],
): FindingCode | undefined {
  if (element.kind === 'sequence') {
    if (action === 'K' || action === 'U') return undefined
    if (action === 'Z') return element.items.length === 0 ? undefined : 'MUST_BE_EMPTY'
    return 'MUST_BE_ABSENT'
  }
  if (element.kind === 'fragments') return action === 'K' ? undefined : 'MUST_BE_ABSENT'
  switch (action) {
    case 'X':
      return 'MUST_BE_ABSENT'
    case 'Z':
      return element.bytes.length === 0 ? undefined : 'MUST_BE_EMPTY'
    case 'D': {
      const dummy = dummyOf(element.tag, element.vr)
      const isDummy = dummy !== undefined && equal(dummy.bytes, element.bytes)
      return isDummy || element.bytes.length === 0 ? undefined : 'MUST_BE_DUMMY'
    }
    case 'U':
      return stringsOf(element, []).every((uid) => uid === '' || DERIVED_UID.test(uid))
        ? undefined
        : 'MUST_BE_DERIVED_UID'
    case 'K':
    case 'C-date':
    case 'P':
      return undefined
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
