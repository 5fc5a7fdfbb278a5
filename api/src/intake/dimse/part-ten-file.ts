/**
 * A data set of an association as a file (PS3.10 7.1): the sender's bytes unchanged, behind a preamble and
 * File Meta Information that say what the association agreed on. Before anything is kept its first 4 KiB
 * are held against the request: a data set of another class or instance, or none at all, is refused with
 * the status of PS3.4 table B.2-1. A linear read that follows no length beyond them; what lies behind is
 * judged in a child process later.
 */
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from '@pandok/anonymizer/dicom'
import { type FileMeta, LONG_VRS } from '../file-meta.ts'
import { STATUS } from './status.ts'

const HEAD_BYTES = 4096
const [SOP_CLASS, SOP_INSTANCE] = [0x00080016, 0x00080018]
const UNDEFINED_LENGTH = 0xffffffff

export class DataSetRefused extends Error {
  override readonly name = 'DataSetRefused'
  readonly status: number
  constructor(status: number) {
    super('the data set is not what the request names')
    this.status = status
  }
}

/** Throws a DataSetRefused before the first byte is yielded. */
export async function* partTenFile(
  meta: FileMeta,
  dataSet: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of dataSet) {
    if (head === undefined) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.length < HEAD_BYTES) continue
    refuse(judge(meta, head.subarray(0, HEAD_BYTES), false))
    yield* [fileHead(meta), head]
    head = undefined
  }
  if (head === undefined) return
  refuse(judge(meta, head, true))
  yield* [fileHead(meta), head]
}

function refuse(status: number | undefined): void {
  if (status !== undefined) throw new DataSetRefused(status)
}

/** undefined: nothing speaks against it. */
function judge(meta: FileMeta, head: Buffer, isWhole: boolean): number | undefined {
  const { transferSyntaxUid, sopClassUid, sopInstanceUid } = meta
  if (head.length === 0) return STATUS.cannotUnderstand
  if (transferSyntaxUid === DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) return undefined
  const found = namesIn(head, transferSyntaxUid)
  // SOP Common (PS3.3 C.12.1) has both, early: a whole data set without them is none.
  if (found === 'no-data-set' || (found === 'too-short' && isWhole)) return STATUS.cannotUnderstand
  if (found === 'too-short' || found === 'unknown') return undefined
  const isSame = found.sopClassUid === sopClassUid && found.sopInstanceUid === sopInstanceUid
  return isSame ? undefined : STATUS.dataSetDoesNotMatch
}

type Names =
  | { readonly sopClassUid: string; readonly sopInstanceUid: string }
  | 'no-data-set'
  | 'too-short'
  /** Behind a sequence of undefined length. */
  | 'unknown'

function namesIn(head: Buffer, transferSyntaxUid: string): Names {
  const isBig = transferSyntaxUid === EXPLICIT_VR_BIG_ENDIAN
  const isImplicit = transferSyntaxUid === IMPLICIT_VR_LITTLE_ENDIAN
  const short = (at: number) => (isBig ? head.readUInt16BE(at) : head.readUInt16LE(at))
  const long = (at: number) => (isBig ? head.readUInt32BE(at) : head.readUInt32LE(at))
  let at = 0
  let last = -1
  let sopClassUid: string | undefined
  // Room for the longest header, which SOP Instance UID and what follows it always fill.
  while (at + 12 <= head.length) {
    const tag = short(at) * 0x10000 + short(at + 2)
    const vr = isImplicit ? '' : head.toString('latin1', at + 4, at + 6)
    const isNamed = isImplicit || /^[A-Z]{2}$/.test(vr)
    if (tag <= last || tag > SOP_INSTANCE || !isNamed) return 'no-data-set'
    const isLong = !isImplicit && LONG_VRS.has(vr)
    const length = isImplicit ? long(at + 4) : isLong ? long(at + 8) : short(at + 6)
    if (length === UNDEFINED_LENGTH) return 'unknown'
    const start = at + (isLong ? 12 : 8)
    const end = start + length
    if (end > head.length) return 'too-short'
    const text = head.toString('latin1', start, end).replace(/[\0 ]+$/, '')
    if (tag === SOP_CLASS) sopClassUid = text
    if (tag === SOP_INSTANCE) {
      return sopClassUid === undefined ? 'no-data-set' : { sopClassUid, sopInstanceUid: text }
    }
    last = tag
    at = end
  }
  return 'too-short'
}

function fileHead(meta: FileMeta): Buffer {
  const elements = Buffer.concat([
    // OB with its long form of a length.
    Buffer.from([2, 0, 1, 0, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 0, 1]),
    text(0x0002, 'UI', meta.sopClassUid),
    text(0x0003, 'UI', meta.sopInstanceUid),
    text(0x0010, 'UI', meta.transferSyntaxUid),
    text(0x0012, 'UI', IMPLEMENTATION_CLASS_UID),
    text(0x0013, 'SH', IMPLEMENTATION_VERSION_NAME),
  ])
  const groupLength = Buffer.alloc(12)
  groupLength.set([2, 0, 0, 0, 0x55, 0x4c, 4, 0])
  groupLength.writeUInt32LE(elements.length, 8)
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), groupLength, elements])
}

/** Explicit VR little endian, padded to an even length (PS3.5 6.2). */
function text(element: number, vr: 'UI' | 'SH', value: string): Buffer {
  const padded = value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' ')
  const header = Buffer.alloc(8)
  header.writeUInt16LE(0x0002, 0)
  header.writeUInt16LE(element, 2)
  header.write(vr, 4, 'latin1')
  header.writeUInt16LE(padded.length, 6)
  return Buffer.concat([header, Buffer.from(padded, 'latin1')])
}
