/**
 * The answer to a Store transaction (PS3.18 10.5.3 and table I.1-1): per instance, that it was stored or
 * why not. An identified instance has no address yet, for it becomes another one here: no Retrieve URL.
 */
import { type DicomJson, toNativeModel } from '@pandok/anonymizer/dicom'
import { PandokError } from '@pandok/contract'
import type { BytesAnswer } from '../../platform/http/handler.ts'

/** PS3.18 table I.2-2, PS3.4 B.2.3. */
export const FAILURE = {
  processing: 0x0110,
  sopClassNotSupported: 0x0122,
  outOfResources: 0xa700,
  /** Also: of another study than the address names. */
  dataSetDoesNotMatch: 0xa900,
  cannotUnderstand: 0xc000,
} as const
export type FailureReason = (typeof FAILURE)[keyof typeof FAILURE]

export interface InstanceNames {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
}

export interface StoreResult {
  readonly stored: readonly InstanceNames[]
  readonly failed: readonly (InstanceNames & { readonly reason: FailureReason })[]
  /** Of parts that do not even say what they are. */
  readonly unknown: readonly FailureReason[]
}

const JSON_TYPE = 'application/dicom+json'
const XML_TYPE = 'application/dicom+xml'

/** NOT_ACCEPTABLE before anything is received. */
export function negotiateAnswer(accept: string | undefined): typeof JSON_TYPE | typeof XML_TYPE {
  const ranges = (accept ?? '*/*').split(',').map((each) => (each.split(';')[0] ?? '').trim())
  for (const range of ranges.map((each) => each.toLowerCase())) {
    if (['*/*', 'application/*', 'application/json', JSON_TYPE].includes(range)) return JSON_TYPE
    if (range === XML_TYPE) return XML_TYPE
  }
  throw new PandokError('NOT_ACCEPTABLE')
}

export function storeAnswer(
  result: StoreResult,
  type: ReturnType<typeof negotiateAnswer>,
): BytesAnswer {
  const { stored, failed, unknown } = result
  const dataSet: DicomJson = {
    ...sequence('00081198', [
      ...failed.map((each) => ({ ...names(each), ...reason(each.reason) })),
    ]),
    ...sequence('00081199', stored.map(names)),
    ...sequence('0008119A', unknown.map(reason)),
  }
  const failures = failed.length + unknown.length
  const status = failures === 0 ? 200 : stored.length === 0 ? 409 : 202
  const body = type === JSON_TYPE ? JSON.stringify(dataSet) : toNativeModel(dataSet)
  return { type, status, body, headers: { 'cache-control': 'no-store' } }
}

function names({ sopClassUid, sopInstanceUid }: InstanceNames): DicomJson {
  return {
    '00081150': { vr: 'UI', Value: [sopClassUid] },
    '00081155': { vr: 'UI', Value: [sopInstanceUid] },
  }
}

function reason(code: FailureReason): DicomJson {
  return { '00081197': { vr: 'US', Value: [code] } }
}

function sequence(tag: string, items: readonly DicomJson[]): DicomJson {
  return items.length === 0 ? {} : { [tag]: { vr: 'SQ', Value: items } }
}
