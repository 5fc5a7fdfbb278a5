/** The readers of foreign bytes that DIMSE has: what is right, what is refused, and what mutants do. */
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ABORT,
  APPLICATION_CONTEXT,
  associateRequest,
  CONTEXTS,
  contextItem,
  dataPdu,
  echoCommand,
  element,
  item,
  maximumLength,
  pdu,
  RELEASE_REQUEST,
  short,
  storeCommand,
  uid,
} from '../../../../test/support/dimse.ts'
import { SOP_CLASSES } from '../../../../test/support/sop-classes.ts'
import { readAssociationRequest } from './association-request.ts'
import { readCommandSet, writeResponse } from './command-set.ts'
import { DimseError } from './dimse-error.ts'
import { DataSetRefused, partTenFile } from './part-ten-file.ts'
import { createPduReader, type PduEvent } from './pdu-reader.ts'
import { commandPdus } from './pdu-writer.ts'

const MAX_DATA_BYTES = 16_384
const UID = '1.2.3.4.5'
const text = (value: string) => Buffer.from(value, 'latin1')
const bodyOf = (bytes: Buffer) => bytes.subarray(6)
const [IS_COMMAND, IS_LAST] = [1, 2]

/** Pieces of one PDV joined, so that chunks make no difference. */
function read(...chunks: readonly Buffer[]) {
  const reader = createPduReader({ maxDataBytes: MAX_DATA_BYTES })
  const events: (Exclude<PduEvent, { kind: 'data' }> | { kind: 'message'; bytes: Buffer })[] = []
  let parts: Buffer[] = []
  for (const chunk of chunks) {
    for (const event of reader.feed(chunk)) {
      if (event.kind !== 'data') {
        events.push(event)
        continue
      }
      parts.push(event.bytes)
      if (event.isLast) events.push({ kind: 'message', bytes: Buffer.concat(parts) })
      if (event.isLast) parts = []
    }
  }
  return { events, within: reader.within() }
}

function faultOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof DimseError) return error.message
    throw error
  }
}

const WHOLE = [
  associateRequest(),
  dataPdu(1, IS_COMMAND | IS_LAST, echoCommand()),
  dataPdu(3, IS_COMMAND, storeCommand(UID).subarray(0, 50)),
  dataPdu(3, IS_COMMAND | IS_LAST, storeCommand(UID).subarray(50)),
  dataPdu(3, 0, Buffer.alloc(500, 1)),
  dataPdu(3, IS_LAST, Buffer.alloc(0)),
  RELEASE_REQUEST,
  ABORT,
]

describe('PDUs (PS3.8 9.3)', () => {
  test('of one association, in whatever chunks they come', () => {
    const whole = read(Buffer.concat(WHOLE))
    expect(whole.within).toBeUndefined()
    expect(whole.events.map(({ kind }) => kind)).toEqual([
      'associate-request',
      'message',
      'message',
      'message',
      'release-request',
      'abort',
    ])
    const bytes = Buffer.concat(WHOLE)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 60 }), (sizes) => {
        const chunks: Buffer[] = []
        let at = 0
        for (const size of sizes) {
          chunks.push(bytes.subarray(at, at + size))
          at += size
        }
        chunks.push(bytes.subarray(at))
        expect(read(...chunks)).toEqual(whole)
      }),
    )
    expect(read(...Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(whole)
  })

  const header = (type: number, length: number) => pdu(type, Buffer.alloc(0), length)
  const pdv = (length: number, rest: number) => {
    const bytes = Buffer.alloc(6 + rest)
    bytes.writeUInt32BE(length)
    return pdu(0x04, bytes)
  }
  test.each<[string, Buffer, string]>([
    ['a type of none', header(0x08, 4), 'unrecognized-pdu: type of PDU'],
    ['zeros', Buffer.alloc(6), 'unrecognized-pdu: type of PDU'],
    ['an acceptance', header(0x02, 100), 'unexpected-pdu: an answer to what was not asked'],
    ['a rejection', header(0x03, 4), 'unexpected-pdu: an answer to what was not asked'],
    ['a release response', header(0x06, 4), 'unexpected-pdu: an answer to what was not asked'],
    ['a request of 4 GiB', header(0x01, 0xffffffff), 'invalid-parameter: length of A-ASSOCIATE-RQ'],
    ['a request of nothing', header(0x01, 0), 'invalid-parameter: length of A-ASSOCIATE-RQ'],
    ['data of 4 GiB', header(0x04, 0xffffffff), 'invalid-parameter: length of P-DATA-TF'],
    ['data above what was agreed', header(0x04, 16_385), 'invalid-parameter: length of P-DATA-TF'],
    ['data of nothing', header(0x04, 0), 'invalid-parameter: length of P-DATA-TF'],
    ['a release with a body', header(0x05, 5), 'invalid-parameter: length of a PDU'],
    ['an abort of 4 GiB', header(0x07, 0xffffffff), 'invalid-parameter: length of a PDU'],
    ['a PDV beyond its PDU', pdv(0xffffffff, 4), 'invalid-parameter: length of a PDV'],
    ['a PDV one byte beyond its PDU', pdv(7, 4), 'invalid-parameter: length of a PDV'],
    ['a PDV without room for its own header', pdv(1, 4), 'invalid-parameter: length of a PDV'],
    ['a PDV of length 0', pdv(0, 4), 'invalid-parameter: length of a PDV'],
    [
      'a fragment of nothing',
      dataPdu(3, 0, Buffer.alloc(0)),
      'invalid-parameter: an empty fragment',
    ],
    ['bytes behind a PDV that are none', pdv(3, 4), 'invalid-parameter: a torn PDV'],
  ])('%s', (_what, bytes, expected) => {
    expect(faultOf(() => read(bytes))).toBe(expected)
  })
})

describe('A-ASSOCIATE-RQ (PS3.8 9.3.2)', () => {
  test('titles, contexts and the length that the other side takes', () => {
    expect(readAssociationRequest(bodyOf(associateRequest()))).toMatchObject({
      called: 'PANDOK',
      calling: 'TESTER',
      isKnownVersion: true,
      applicationContextName: '1.2.840.10008.3.1.1.1',
      contexts: CONTEXTS,
      maxDataBytes: 16_384,
    })
  })

  test.each<[string, string, string]>([
    ['padded with zeros', 'PANDOK\0\0\0\0\0\0\0\0\0\0', 'PANDOK'],
    ['spaces before it', '   PANDOK', 'PANDOK'],
    ['spaces alone', '                ', ''],
    ['a control character', 'PAN\nDOK', ''],
    ['a backslash', 'PAN\\DOK', ''],
  ])('a title: %s', (_what, called, expected) => {
    expect(readAssociationRequest(bodyOf(associateRequest({ called }))).called).toBe(expected)
  })

  const [first = Buffer.alloc(0)] = CONTEXTS.map(contextItem)
  const abstract = item(0x30, text('1.2'))
  const transfer = item(0x40, text('1.2'))
  const beyond = Buffer.from([0x20, 0, 0xff, 0xff])
  const context = (id: number, ...parts: Buffer[]) =>
    item(0x20, Buffer.from([id, 0, 0, 0]), ...parts)
  test.each<[string, Buffer[], string]>([
    ['no application context', [first], 'no application context'],
    [
      'two application contexts',
      [APPLICATION_CONTEXT, APPLICATION_CONTEXT],
      'two application contexts',
    ],
    ['no presentation context', [APPLICATION_CONTEXT], 'number of presentation contexts'],
    ['an id twice', [APPLICATION_CONTEXT, first, first], 'two presentation contexts of one id'],
    ['an even id', [context(2, abstract, transfer)], 'id of a presentation context'],
    ['id 0', [context(0, abstract, transfer)], 'id of a presentation context'],
    ['no abstract syntax', [context(1, transfer)], 'syntaxes of a presentation context'],
    [
      'two abstract syntaxes',
      [context(1, abstract, abstract, transfer)],
      'syntaxes of a presentation context',
    ],
    ['no transfer syntax', [context(1, abstract)], 'syntaxes of a presentation context'],
    ['a UID of 65 bytes', [item(0x10, text('1'.repeat(65)))], 'a UID'],
    ['a UID of words', [item(0x10, text('hello'))], 'a UID'],
    ['an empty UID', [item(0x10)], 'a UID'],
    ['a context of nothing', [item(0x20)], 'length of a presentation context'],
    ['an item beyond the PDU', [beyond], 'an item beyond its parent'],
    ['an item beyond its context', [context(1, beyond)], 'an item beyond its parent'],
    ['half a header', [Buffer.from([0x20, 0])], 'a torn item'],
    [
      'two of user information',
      [maximumLength(0), maximumLength(0)],
      'two items of user information',
    ],
    ['a maximum of 6 bytes', [APPLICATION_CONTEXT, first, maximumLength(6)], 'maximum length'],
  ])('%s', (_what, items, expected) => {
    const body = bodyOf(associateRequest({ items }))
    expect(faultOf(() => readAssociationRequest(body))).toBe(`invalid-parameter: ${expected}`)
  })
})

describe('command sets (PS3.7 6.3.1)', () => {
  test('of C-STORE and C-ECHO', () => {
    const sopClassUid = SOP_CLASSES.CT
    const asked = { field: 1, messageId: 9, hasDataSet: true, sopClassUid, sopInstanceUid: UID }
    expect(readCommandSet(storeCommand(UID))).toEqual(asked)
    expect(readCommandSet(echoCommand())).toMatchObject({ field: 0x30, hasDataSet: false })
  })

  const field = (value: number) => element(0, 0x0100, short(value))
  const id = element(0, 0x0110, short(1))
  const none = element(0, 0x0800, short(0x0101))
  test.each<[string, Buffer[], string]>([
    ['nothing', [], 'invalid-parameter: a number of a command'],
    ['a response', [field(0x8001), id, none], 'unexpected-parameter: a response'],
    ['another group', [element(8, 0x0016, uid('1.2'))], 'invalid-parameter: elements of a command'],
    [
      'an element twice',
      [field(1), field(1), id, none],
      'invalid-parameter: elements of a command',
    ],
    ['falling order', [id, field(1), none], 'invalid-parameter: elements of a command'],
    [
      'half a header',
      [field(1), Buffer.alloc(4)],
      'invalid-parameter: a torn element of a command',
    ],
    [
      'an element beyond it',
      [element(0, 0x0100, short(1), 0xfffffff0)],
      'invalid-parameter: an element beyond its command',
    ],
    [
      'an undefined length',
      [element(0, 0x0100, short(1), 0xffffffff)],
      'invalid-parameter: an element beyond its command',
    ],
    [
      'a number of 4 bytes',
      [element(0, 0x0100, Buffer.alloc(4)), id, none],
      'invalid-parameter: a number of a command',
    ],
    ['no message id', [field(1), none], 'invalid-parameter: a number of a command'],
    [
      'a UID of 66 bytes',
      [element(0, 0x0002, Buffer.alloc(66, '1')), field(1), id, none],
      'invalid-parameter: a UID of a command',
    ],
  ])('%s', (_what, elements, expected) => {
    expect(faultOf(() => readCommandSet(Buffer.concat(elements)))).toBe(expected)
  })

  test('a response keeps to the length that the other side takes', () => {
    const response = writeResponse(readCommandSet(storeCommand(UID)), 0xa700)
    for (const max of [0, 7, 50, 16_384]) {
      const sent = commandPdus(3, response, max)
      expect(sent.readUInt32BE(2)).toBeLessThanOrEqual(max === 0 ? 1000 : max)
      expect(read(sent).events).toEqual([{ kind: 'message', bytes: response }])
    }
  })
})

describe('the head of a data set, before it is kept', () => {
  const names = (sopClassUid: string, sopInstanceUid: string) =>
    Buffer.concat([
      element(8, 0x0016, uid(sopClassUid)),
      element(8, 0x0018, uid(sopInstanceUid)),
      element(8, 0x0020, text('20240101')),
    ])
  const { CT, MR } = SOP_CLASSES
  test.each<[string, Buffer, number | undefined]>([
    ['what the request names', names(CT, UID), undefined],
    ['another class', names(MR, UID), 0xa900],
    ['another instance', names(CT, '1.2.3'), 0xa900],
    ['nothing', Buffer.alloc(0), 0xc000],
    ['words', text('<html><body>not here</body></html>'), 0xc000],
    ['zeros', Buffer.alloc(5000), 0xc000],
    ['no names', element(0x10, 0x0010, text('NOBODY^AT ALL ')), 0xc000],
    ['torn in its names', names(CT, UID).subarray(0, 40), 0xc000],
    ['a length of 4 GiB before them', element(8, 0x0005, text('ISO_IR 100'), 0xfffffff0), 0xc000],
    [
      'a sequence of undefined length before them',
      element(8, 0x0006, Buffer.alloc(8), 0xffffffff),
      undefined,
    ],
  ])('%s', async (_what, bytes, status) => {
    const meta = { sopClassUid: CT, sopInstanceUid: UID, transferSyntaxUid: '1.2.840.10008.1.2' }
    function* chunks() {
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
    }
    const written: Buffer[] = []
    let refusal: number | undefined
    try {
      for await (const chunk of partTenFile(meta, Readable.from(chunks()))) written.push(chunk)
    } catch (error) {
      if (!(error instanceof DataSetRefused)) throw error
      refusal = error.status
    }
    expect(refusal).toBe(status)
    const file = Buffer.concat(written)
    if (refusal === undefined) expect(file.subarray(-bytes.length)).toEqual(bytes)
    else expect(file).toHaveLength(0)
  })
})

/** One change, cut or repetition of what is right. */
const mutantOf = (seed: Buffer) =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom('set', 'cut', 'repeat', 'length'),
        fc.nat(Math.max(0, seed.length - 1)),
        fc.nat(0xffffffff),
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map((changes) => {
      let bytes = Buffer.from(seed)
      for (const [kind, at, value] of changes) {
        if (kind === 'set' && at < bytes.length) bytes[at] = value & 0xff
        if (kind === 'length' && at + 4 <= bytes.length) bytes.writeUInt32BE(value, at)
        if (kind === 'cut') bytes = bytes.subarray(0, at)
        if (kind === 'repeat') bytes = Buffer.concat([bytes, bytes.subarray(at, at + (value % 64))])
      }
      return bytes
    })

test('mutants of all of it, and noise: refused with a reason or read, never more out than in', () => {
  const runs = 20_000
  const seeds = [
    ...WHOLE.map((bytes) => fc.constant(bytes)),
    fc.constant(Buffer.concat(WHOLE)),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  ]
  const begun = performance.now()
  let worstMs = 0
  let refused = 0
  fc.assert(
    fc.property(fc.oneof(...seeds).chain(mutantOf), (bytes) => {
      const from = performance.now()
      const faults = [
        faultOf(() => {
          const { events } = read(bytes)
          const out = events.reduce(
            (sum, event) => sum + ('bytes' in event ? event.bytes.length : 0),
            0,
          )
          expect(out).toBeLessThanOrEqual(bytes.length)
          for (const event of events) {
            if (event.kind === 'associate-request') readAssociationRequest(event.body)
            if (event.kind === 'message') readCommandSet(event.bytes)
          }
        }),
        faultOf(() => readAssociationRequest(bodyOf(bytes))),
        faultOf(() => readCommandSet(bodyOf(bytes))),
      ]
      if (faults[0] !== undefined) refused += 1
      worstMs = Math.max(worstMs, performance.now() - from)
    }),
    { numRuns: runs },
  )
  process.stdout.write(
    `DIMSE: ${runs} mutants, ${refused} refused, 0 uncaught, worst ${worstMs.toFixed(1)} ms, ` +
      `${((performance.now() - begun) / 1000).toFixed(1)} s\n`,
  )
  expect(worstMs).toBeLessThan(2000)
})

test('a megabyte of the smallest fragments is read in linear time', () => {
  const fragment = dataPdu(3, 0, Buffer.from([1]))
  const flood = Buffer.concat(Array.from({ length: 80_000 }, () => fragment))
  const begun = performance.now()
  const reader = createPduReader({ maxDataBytes: MAX_DATA_BYTES })
  let count = 0
  for (const _event of reader.feed(flood)) count += 1
  const ms = performance.now() - begun
  process.stdout.write(`DIMSE: 80000 fragments of one byte in ${ms.toFixed(0)} ms\n`)
  expect(count).toBe(80_000)
  expect(ms).toBeLessThan(2000)
})
