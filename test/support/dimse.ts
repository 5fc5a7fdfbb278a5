/** What a DIMSE requestor sends (PS3.7, PS3.8), written by hand, right and wrong, and what it is answered. */
import { connect, type Socket } from 'node:net'
import { SOP_CLASSES } from './sop-classes.ts'

const VERIFICATION = '1.2.840.10008.1.1'
const CT_IMAGE_STORAGE = SOP_CLASSES.CT
const EXPLICIT_LE = '1.2.840.10008.1.2.1'

export interface Context {
  readonly id: number
  readonly abstractSyntaxUid: string
  readonly transferSyntaxUids: readonly string[]
}

export const CONTEXTS: readonly Context[] = [
  { id: 1, abstractSyntaxUid: VERIFICATION, transferSyntaxUids: ['1.2.840.10008.1.2'] },
  { id: 3, abstractSyntaxUid: CT_IMAGE_STORAGE, transferSyntaxUids: [EXPLICIT_LE] },
]

export function item(type: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  const header = Buffer.from([type, 0, 0, 0])
  header.writeUInt16BE(value.length, 2)
  return Buffer.concat([header, value])
}

export function pdu(type: number, body: Buffer, length = body.length): Buffer {
  const header = Buffer.from([type, 0, 0, 0, 0, 0])
  header.writeUInt32BE(length, 2)
  return Buffer.concat([header, body])
}

const text = (value: string) => Buffer.from(value, 'latin1')

export const contextItem = ({ id, abstractSyntaxUid, transferSyntaxUids }: Context): Buffer =>
  item(
    0x20,
    Buffer.from([id, 0, 0, 0]),
    item(0x30, text(abstractSyntaxUid)),
    ...transferSyntaxUids.map((uid) => item(0x40, text(uid))),
  )

export const maximumLength = (bytes: number): Buffer => {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(bytes)
  return item(0x50, item(0x51, value))
}

export const APPLICATION_CONTEXT = item(0x10, text('1.2.840.10008.3.1.1.1'))

export interface RequestOptions {
  readonly called?: string
  readonly calling?: string
  readonly version?: number
  readonly items?: readonly Buffer[]
}

export function associateRequest(options: RequestOptions = {}): Buffer {
  const { called = 'PANDOK', calling = 'TESTER', version = 1 } = options
  const items = options.items ?? [
    APPLICATION_CONTEXT,
    ...CONTEXTS.map(contextItem),
    maximumLength(16_384),
  ]
  return pdu(
    0x01,
    Buffer.concat([
      Buffer.from([version >> 8, version & 0xff, 0, 0]),
      text(called.padEnd(16)),
      text(calling.padEnd(16)),
      Buffer.alloc(32),
      ...items,
    ]),
  )
}

/** One P-DATA-TF of one PDV. */
export function dataPdu(contextId: number, control: number, bytes: Buffer): Buffer {
  const header = Buffer.alloc(6)
  header.writeUInt32BE(bytes.length + 2)
  header.set([contextId, control], 4)
  return pdu(0x04, Buffer.concat([header, bytes]))
}

/** An element of a command set or of a data set in implicit VR little endian. */
export function element(group: number, number: number, value: Buffer, length = value.length) {
  const header = Buffer.alloc(8)
  header.writeUInt16LE(group, 0)
  header.writeUInt16LE(number, 2)
  header.writeUInt32LE(length, 4)
  return Buffer.concat([header, value])
}

export const short = (value: number): Buffer => Buffer.from([value & 0xff, value >> 8])
export const uid = (value: string): Buffer => text(value.length % 2 === 0 ? value : `${value}\0`)

export const echoCommand = (): Buffer =>
  Buffer.concat([
    element(0, 0x0002, uid(VERIFICATION)),
    element(0, 0x0100, short(0x0030)),
    element(0, 0x0110, short(7)),
    element(0, 0x0800, short(0x0101)),
  ])

export function storeCommand(
  sopInstanceUid: string,
  {
    sopClassUid = CT_IMAGE_STORAGE,
    field = 0x0001,
    dataSetType = 0,
  }: { sopClassUid?: string; field?: number; dataSetType?: number } = {},
): Buffer {
  return Buffer.concat([
    element(0, 0x0002, uid(sopClassUid)),
    element(0, 0x0100, short(field)),
    element(0, 0x0110, short(9)),
    element(0, 0x0700, short(0)),
    element(0, 0x0800, short(dataSetType)),
    element(0, 0x1000, uid(sopInstanceUid)),
  ])
}

export const RELEASE_REQUEST = pdu(0x05, Buffer.alloc(4))
export const ABORT = pdu(0x07, Buffer.alloc(4))

/** A connection that says what it is told to, and what came back, PDU by PDU. */
export interface Requestor {
  readonly socket: Socket
  readonly send: (...parts: readonly Buffer[]) => void
  /** The next PDU as type and body; undefined when the connection ended before it. */
  readonly next: () => Promise<{ type: number; body: Buffer } | undefined>
}

export async function requestor(port: number): Promise<Requestor> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
  let come = Buffer.alloc(0)
  let hasEnded = false
  let wake: () => void = () => undefined
  socket.on('data', (chunk: Buffer) => {
    come = Buffer.concat([come, chunk])
    wake()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    hasEnded = true
    wake()
  })
  return {
    socket,
    send: (...parts) => {
      socket.write(Buffer.concat(parts))
    },
    next: async () => {
      for (;;) {
        const length = come.length < 6 ? Number.POSITIVE_INFINITY : 6 + come.readUInt32BE(2)
        if (come.length >= length) {
          const found = { type: come.readUInt8(0), body: come.subarray(6, length) }
          come = come.subarray(length)
          return found
        }
        if (hasEnded) return undefined
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

/** Status (0000,0900) of a response in one P-DATA-TF. */
export function statusOf(body: Buffer): number {
  for (let at = 6; at + 8 <= body.length; at += 8 + body.readUInt32LE(at + 4)) {
    if (body.readUInt16LE(at + 2) === 0x0900) return body.readUInt16LE(at + 8)
  }
  throw new Error('no status')
}
