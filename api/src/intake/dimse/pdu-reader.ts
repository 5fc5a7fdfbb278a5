/**
 * Reads the PDUs of an association (PS3.8 9.3) from whatever chunks a connection delivers. Linear: each
 * byte is looked at once, nothing is kept but the PDU's header and the bodies that are small, and no
 * length is followed beyond the one around it. The values of data sets pass as they come.
 *
 * In: chunks. Out: what the PDUs say, in order. Throws a DimseError at the first byte that breaks a rule;
 * the reader is of no use afterwards.
 */
import { DimseError } from './dimse-error.ts'

export type PduEvent =
  | { readonly kind: 'associate-request'; readonly body: Buffer }
  /** A piece of a PDV; `isLast` with the last piece of the last PDV of a command or data set. */
  | {
      readonly kind: 'data'
      readonly contextId: number
      readonly isCommand: boolean
      readonly isLast: boolean
      readonly bytes: Buffer
    }
  | { readonly kind: 'release-request' | 'abort' }

export interface PduReader {
  readonly feed: (chunk: Buffer) => Generator<PduEvent, void, undefined>
  /** The number of the PDU that has begun and not ended; undefined between two. */
  readonly within: () => number | undefined
}

/** PS3.8 table 9-11 ff.: type, a reserved byte, a length of four bytes. */
const HEADER_BYTES = 6
/** Length of four bytes, presentation context id, message control header. */
const PDV_HEADER_BYTES = 6
/** PS3.8 9.3.2: fixed fields alone; 128 presentation contexts of a dozen syntaxes are a quarter of it. */
const ASSOCIATE_BYTES = { min: 68, max: 128 * 1024 }
const [ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA_TF] = [0x01, 0x02, 0x03, 0x04]
const [RELEASE_RQ, RELEASE_RP, ABORT] = [0x05, 0x06, 0x07]
/** The body of those that carry nothing. */
const EMPTY_BYTES = 4
const [IS_COMMAND, IS_LAST] = [0x01, 0x02]

type State =
  | { kind: 'header' | 'pdv-header' }
  | { kind: 'body'; type: number }
  | { kind: 'pdv'; left: number; contextId: number; isCommand: boolean; isLast: boolean }

/** `maxDataBytes`: of one P-DATA-TF, as we say in A-ASSOCIATE-AC. */
export function createPduReader({ maxDataBytes }: { maxDataBytes: number }): PduReader {
  let state: State = { kind: 'header' }
  /** Of the P-DATA-TF at hand, beyond the PDV at hand. */
  let dataLeft = 0
  let kept = Buffer.alloc(HEADER_BYTES)
  let filled = 0
  let ended = 0

  const keep = (length: number, next: State) => {
    kept = Buffer.alloc(length)
    filled = 0
    state = next
  }

  function takeHeader(): void {
    const type = kept.readUInt8(0)
    const length = kept.readUInt32BE(2)
    switch (type) {
      case ASSOCIATE_RQ:
        if (length < ASSOCIATE_BYTES.min || length > ASSOCIATE_BYTES.max) {
          throw new DimseError('invalid-parameter', 'length of A-ASSOCIATE-RQ')
        }
        keep(length, { kind: 'body', type })
        return
      case P_DATA_TF:
        if (length < PDV_HEADER_BYTES || length > maxDataBytes) {
          throw new DimseError('invalid-parameter', 'length of P-DATA-TF')
        }
        dataLeft = length
        keep(PDV_HEADER_BYTES, { kind: 'pdv-header' })
        return
      case RELEASE_RQ:
      case ABORT:
        if (length !== EMPTY_BYTES) throw new DimseError('invalid-parameter', 'length of a PDU')
        keep(EMPTY_BYTES, { kind: 'body', type })
        return
      case ASSOCIATE_AC:
      case ASSOCIATE_RJ:
      case RELEASE_RP:
        throw new DimseError('unexpected-pdu', 'an answer to what was not asked')
      default:
        throw new DimseError('unrecognized-pdu', 'type of PDU')
    }
  }

  function takePdvHeader(): void {
    // The length counts the context's id and the control header.
    const length = kept.readUInt32BE(0) - 2
    const contextId = kept.readUInt8(4)
    const control = kept.readUInt8(5)
    dataLeft -= PDV_HEADER_BYTES
    if (length < 0 || length > dataLeft)
      throw new DimseError('invalid-parameter', 'length of a PDV')
    const isLast = (control & IS_LAST) !== 0
    // Whoever may send fragments of nothing may send them for ever.
    if (length === 0 && !isLast) throw new DimseError('invalid-parameter', 'an empty fragment')
    dataLeft -= length
    state = {
      kind: 'pdv',
      left: length,
      contextId,
      isCommand: (control & IS_COMMAND) !== 0,
      isLast,
    }
  }

  function endPdu(): void {
    ended += 1
    keep(HEADER_BYTES, { kind: 'header' })
  }

  function endPdv(): void {
    if (dataLeft === 0) endPdu()
    else if (dataLeft < PDV_HEADER_BYTES) throw new DimseError('invalid-parameter', 'a torn PDV')
    else keep(PDV_HEADER_BYTES, { kind: 'pdv-header' })
  }

  function* takeBody(type: number): Generator<PduEvent, void, undefined> {
    const body = kept
    endPdu()
    if (type === ASSOCIATE_RQ) yield { kind: 'associate-request', body }
    else yield { kind: type === ABORT ? 'abort' : 'release-request' }
  }

  return {
    *feed(bytes) {
      let chunk = bytes
      while (chunk.length > 0) {
        if (state.kind === 'pdv') {
          const { contextId, isCommand } = state
          const piece = chunk.subarray(0, state.left)
          chunk = chunk.subarray(piece.length)
          state.left -= piece.length
          const isEnd = state.left === 0
          const isLast = isEnd && state.isLast
          if (isEnd) endPdv()
          yield { kind: 'data', contextId, isCommand, isLast, bytes: piece }
          continue
        }
        const copied = chunk.copy(kept, filled)
        chunk = chunk.subarray(copied)
        filled += copied
        if (filled < kept.length) return
        if (state.kind === 'header') takeHeader()
        else if (state.kind === 'body') yield* takeBody(state.type)
        else {
          takePdvHeader()
          yield* endEmptyPdv()
        }
      }
    },
    within: () => (state.kind === 'header' && filled === 0 ? undefined : ended),
  }

  /** A last fragment may be empty; no further byte would tell. */
  function* endEmptyPdv(): Generator<PduEvent, void, undefined> {
    if (state.kind !== 'pdv' || state.left > 0) return
    const { contextId, isCommand, isLast } = state
    endPdv()
    yield { kind: 'data', contextId, isCommand, isLast, bytes: Buffer.alloc(0) }
  }
}
