/** The PDUs that an acceptor sends (PS3.8 9.3.3 to 9.3.8). */
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '@pandok/anonymizer/dicom'
import type { AssociationRequest } from './association-request.ts'
import { ABORT_REASON, type DimseError } from './dimse-error.ts'

/** PS3.8 table 9-18. */
const CONTEXT_RESULT = {
  accepted: 0,
  'abstract-syntax-not-supported': 3,
  'transfer-syntaxes-not-supported': 4,
} as const

export interface AnsweredContext {
  readonly id: number
  readonly result: keyof typeof CONTEXT_RESULT
  /** Without meaning unless it is accepted. */
  readonly transferSyntaxUid: string
}

/** Result, source and reason (PS3.8 table 9-21). */
const REJECTION = {
  'application-context-unknown': [1, 1, 2],
  'calling-unknown': [1, 1, 3],
  'called-unknown': [1, 1, 7],
  'protocol-version-unknown': [1, 2, 2],
  'temporary-congestion': [2, 3, 1],
  'local-limit-exceeded': [2, 3, 2],
} as const
export type Rejection = keyof typeof REJECTION

const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1'

export function associateAccept(
  { titles }: Pick<AssociationRequest, 'titles'>,
  contexts: readonly AnsweredContext[],
  maxDataBytes: number,
): Buffer {
  const max = Buffer.alloc(4)
  max.writeUInt32BE(maxDataBytes)
  return pdu(
    0x02,
    Buffer.from([0, 1, 0, 0]),
    titles,
    Buffer.alloc(32),
    item(0x10, Buffer.from(APPLICATION_CONTEXT, 'latin1')),
    ...contexts.map(({ id, result, transferSyntaxUid }) =>
      item(
        0x21,
        Buffer.from([id, 0, CONTEXT_RESULT[result], 0]),
        item(0x40, Buffer.from(transferSyntaxUid, 'latin1')),
      ),
    ),
    item(
      0x50,
      item(0x51, max),
      item(0x52, Buffer.from(IMPLEMENTATION_CLASS_UID, 'latin1')),
      item(0x55, Buffer.from(IMPLEMENTATION_VERSION_NAME, 'latin1')),
    ),
  )
}

export const associateReject = (rejection: Rejection): Buffer =>
  pdu(0x03, Buffer.from([0, ...REJECTION[rejection]]))

export const releaseResponse = (): Buffer => pdu(0x06, Buffer.alloc(4))

/** By the service provider, for nobody uses the service here. */
export const abort = (reason: DimseError['reason']): Buffer =>
  pdu(0x07, Buffer.from([0, 0, 2, ABORT_REASON[reason]]))

/** A command set in as many P-DATA-TF as the other side needs them; 0: it takes any length. */
export function commandPdus(contextId: number, command: Buffer, maxDataBytes: number): Buffer {
  const room = maxDataBytes === 0 ? command.length : maxDataBytes - 6
  const pdus: Buffer[] = []
  for (let at = 0; at < command.length; at += room) {
    const piece = command.subarray(at, at + room)
    const header = Buffer.alloc(6)
    header.writeUInt32BE(piece.length + 2)
    header.set([contextId, at + room >= command.length ? 0x03 : 0x01], 4)
    pdus.push(pdu(0x04, header, piece))
  }
  return Buffer.concat(pdus)
}

function pdu(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const header = Buffer.alloc(6)
  header[0] = type
  header.writeUInt32BE(body.length, 2)
  return Buffer.concat([header, body])
}

function item(type: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  const header = Buffer.alloc(4)
  header[0] = type
  header.writeUInt16BE(value.length, 2)
  return Buffer.concat([header, value])
}
