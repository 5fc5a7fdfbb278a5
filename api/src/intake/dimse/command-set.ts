/**
 * Command sets (PS3.7 6.3.1): elements of group 0000 in implicit VR little endian, in rising order, each
 * with a length that may not leave the set. Read in one go; what C-STORE and C-ECHO do not need is passed
 * over. In: the joined fragments. Out: the request. Throws a DimseError.
 */
import { DimseError } from './dimse-error.ts'

export interface CommandSet {
  /** Command Field (0000,0100). */
  readonly field: number
  readonly messageId: number
  /** Whether a data set follows. */
  readonly hasDataSet: boolean
  /** As they came, without padding; empty when absent. */
  readonly sopClassUid: string
  readonly sopInstanceUid: string
}

export const C_STORE_RQ = 0x0001
export const C_ECHO_RQ = 0x0030
export const C_CANCEL_RQ = 0x0fff
/** Set in every response (PS3.7 E.1). */
const RESPONSE = 0x8000
const NO_DATA_SET = 0x0101
const HEADER_BYTES = 8
const MAX_UID_BYTES = 64

const SOP_CLASS = 0x0002
const FIELD = 0x0100
const MESSAGE_ID = 0x0110
const ANSWERED_MESSAGE_ID = 0x0120
const DATA_SET_TYPE = 0x0800
const STATUS = 0x0900
const SOP_INSTANCE = 0x1000

export function readCommandSet(bytes: Buffer): CommandSet {
  const values = new Map<number, Buffer>()
  let at = 0
  let last = -1
  while (at < bytes.length) {
    if (at + HEADER_BYTES > bytes.length) throw invalid('a torn element of a command')
    const element = bytes.readUInt16LE(at + 2)
    if (bytes.readUInt16LE(at) !== 0x0000 || element <= last) {
      throw invalid('elements of a command')
    }
    const start = at + HEADER_BYTES
    const end = start + bytes.readUInt32LE(at + 4)
    if (end > bytes.length) throw invalid('an element beyond its command')
    values.set(element, bytes.subarray(start, end))
    last = element
    at = end
  }
  const field = shortOf(values, FIELD)
  if ((field & RESPONSE) !== 0) throw new DimseError('unexpected-parameter', 'a response')
  return {
    field,
    // C-CANCEL names the message that it cancels and has no id (PS3.7 9.3.2.3).
    messageId: field === C_CANCEL_RQ ? 0 : shortOf(values, MESSAGE_ID),
    hasDataSet: shortOf(values, DATA_SET_TYPE) !== NO_DATA_SET,
    sopClassUid: textOf(values, SOP_CLASS),
    sopInstanceUid: textOf(values, SOP_INSTANCE),
  }
}

/** The response to a request (PS3.7 9.3), without a data set. */
export function writeResponse(request: CommandSet, status: number): Buffer {
  const elements = Buffer.concat([
    request.sopClassUid === '' ? Buffer.alloc(0) : uid(SOP_CLASS, request.sopClassUid),
    short(FIELD, request.field | RESPONSE),
    short(ANSWERED_MESSAGE_ID, request.messageId),
    short(DATA_SET_TYPE, NO_DATA_SET),
    short(STATUS, status),
    request.sopInstanceUid === '' ? Buffer.alloc(0) : uid(SOP_INSTANCE, request.sopInstanceUid),
  ])
  const groupLength = Buffer.alloc(4)
  groupLength.writeUInt32LE(elements.length)
  return Buffer.concat([element(0x0000, groupLength), elements])
}

function shortOf(values: ReadonlyMap<number, Buffer>, number: number): number {
  const value = values.get(number)
  if (value?.length !== 2) throw invalid('a number of a command')
  return value.readUInt16LE(0)
}

function textOf(values: ReadonlyMap<number, Buffer>, number: number): string {
  const value = values.get(number) ?? Buffer.alloc(0)
  if (value.length > MAX_UID_BYTES) throw invalid('a UID of a command')
  return value.toString('latin1').replace(/[\0 ]+$/, '')
}

function uid(number: number, value: string): Buffer {
  return element(number, Buffer.from(value.length % 2 === 0 ? value : `${value}\0`, 'latin1'))
}

function short(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return element(number, bytes)
}

function element(number: number, value: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16LE(number, 2)
  header.writeUInt32LE(value.length, 4)
  return Buffer.concat([header, value])
}

function invalid(detail: string): DimseError {
  return new DimseError('invalid-parameter', detail)
}
