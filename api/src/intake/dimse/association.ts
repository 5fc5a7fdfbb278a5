/**
 * One association (PS3.8) as Storage and Verification SCP (PS3.4 A, B; PS3.7 9.1): who may send is asked
 * of the receivers, every instance is durable before its success status, and what an abort cuts off
 * leaves nothing. What breaks a rule of the protocol aborts the association; what is late ends it.
 */
import type { Socket } from 'node:net'
import { isReadable } from '@pandok/anonymizer/dicom'
import { PandokError } from '@pandok/contract'
import type { Log } from '../../platform/log.ts'
import type { Collector, Sender } from '../collect/index.ts'
import { UID } from '../file-meta.ts'
import {
  type AssociationRequest,
  type ProposedContext,
  readAssociationRequest,
} from './association-request.ts'
import {
  C_CANCEL_RQ,
  C_ECHO_RQ,
  C_STORE_RQ,
  type CommandSet,
  readCommandSet,
  writeResponse,
} from './command-set.ts'
import { createDeadline } from './deadline.ts'
import { DimseError } from './dimse-error.ts'
import { DataSetRefused, partTenFile } from './part-ten-file.ts'
import { createPduReader, type PduEvent } from './pdu-reader.ts'
import * as pdu from './pdu-writer.ts'
import { createReception, type Reception } from './reception.ts'
import { STATUS } from './status.ts'

const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1'
const VERIFICATION = '1.2.840.10008.1.1'
/** Taken only where nothing else is offered: the one is retired, the other hides its size. */
const LAST_CHOICE = new Set(['1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99'])

/** What we say that we take of a P-DATA-TF. */
const MAX_DATA_BYTES = 128 * 1024
/** Of a command set; those of C-STORE have some 200. */
const MAX_COMMAND_BYTES = 16 * 1024
/** Nothing else was agreed than to wait for each answer; some do not. */
const MAX_UNANSWERED = 16
/** Answers that nobody reads. */
const MAX_UNREAD_BYTES = 64 * 1024
/** For the other side to close the connection (PS3.8 9.1.5, ARTIM). */
const CLOSING_SECONDS = 5

export type Admission =
  | { readonly kind: 'admitted'; readonly sender: Sender }
  | { readonly kind: 'called-unknown' | 'calling-unknown' }

export interface AssociationDependencies {
  readonly collector: Collector
  readonly admitsSopClass: (sopClassUid: string) => boolean
  readonly admit: (titles: {
    called: string
    calling: string
    address: string
  }) => Promise<Admission>
  readonly log: Log
  /** Without a byte, for one PDU, and for the association request. */
  readonly idleSeconds: number
  readonly maxFileBytes: number
}

interface Context {
  readonly abstractSyntaxUid: string
  readonly transferSyntaxUid: string
}

type Phase =
  | { kind: 'waiting' | 'asked' | 'ending' }
  | { kind: 'open'; sender: Sender; contexts: ReadonlyMap<number, Context>; maxDataBytes: number }
type OpenPhase = Extract<Phase, { kind: 'open' }>

/** What is being received; fragments of two messages never mix (PS3.7 6.3). */
type Message =
  | { kind: 'none' }
  | { kind: 'command'; contextId: number; parts: Buffer[]; bytes: number }
  | { kind: 'data'; contextId: number; reception: Reception | undefined; bytes: number }

/** `rejection`: whoever asks is told so, whatever they ask. */
export function openAssociation(
  socket: Socket,
  deps: AssociationDependencies,
  rejection?: pdu.Rejection,
): void {
  const { collector, log, idleSeconds } = deps
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const reader = createPduReader({ maxDataBytes: MAX_DATA_BYTES })
  const receptions = new Set<Reception>()
  const counts = { stored: 0, failed: 0 }
  const deadline = createDeadline(() => {
    log.warn(facts, 'association is late')
    socket.destroy()
  })
  let phase: Phase = { kind: 'waiting' }
  let message: Message = { kind: 'none' }
  let facts = {}

  deadline.set(rejection === undefined ? idleSeconds : Math.min(idleSeconds, CLOSING_SECONDS))
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const event of reader.feed(chunk)) {
        if (phase.kind === 'ending') return
        take(event)
      }
      watch()
    } catch (error) {
      if (!(error instanceof DimseError)) throw error
      log.warn({ ...facts, reason: error.message }, 'association aborted')
      close(pdu.abort(error.reason))
    }
  })
  socket.once('close', () => {
    deadline.clear()
    for (const reception of receptions) reception.abort()
    log.info({ ...facts, ...counts, cut: receptions.size }, 'association ended')
  })

  /** The sender is waited for; never while it is told to wait itself, or for our answer. */
  function watch(): void {
    if (phase.kind !== 'open') return
    const within = reader.within()
    const isAnswerDue = receptions.size > 0 && within === undefined && message.kind === 'none'
    if (socket.isPaused() || isAnswerDue) deadline.clear()
    else deadline.set(idleSeconds, within)
  }

  /** Says the last word. */
  function close(bytes: Buffer): void {
    phase = { kind: 'ending' }
    for (const reception of receptions) reception.abort()
    socket.end(bytes)
    socket.resume()
    deadline.set(CLOSING_SECONDS)
  }

  function take(event: PduEvent): void {
    if (event.kind === 'abort') {
      socket.destroy()
    } else if (event.kind === 'associate-request' && phase.kind === 'waiting') {
      ask(event.body)
    } else if (event.kind === 'release-request' && phase.kind === 'open') {
      close(pdu.releaseResponse())
    } else if (event.kind === 'data' && phase.kind === 'open') {
      takeData(event, phase)
    } else {
      throw new DimseError('unexpected-pdu', `${event.kind} while ${phase.kind}`)
    }
  }

  function ask(body: Buffer): void {
    const request = readAssociationRequest(body)
    const titles = { called: request.called, calling: request.calling, address }
    facts = titles
    const refusal = rejection ?? protocolRefusal(request)
    if (refusal !== undefined) {
      reject(refusal)
      return
    }
    phase = { kind: 'asked' }
    // Whether somebody may send is asked of the database, which has limits of its own.
    deadline.clear()
    deps.admit(titles).then(
      (admission) => {
        answer(request, admission)
      },
      () => {
        log.error(titles, 'nobody can say who may send')
        reject('temporary-congestion')
      },
    )
  }

  function reject(reason: pdu.Rejection): void {
    log.warn({ ...facts, reason }, 'association rejected')
    close(pdu.associateReject(reason))
  }

  function answer(request: AssociationRequest, admission: Admission): void {
    if (phase.kind !== 'asked' || socket.destroyed) return
    if (admission.kind !== 'admitted') {
      reject(admission.kind)
      return
    }
    const { maxDataBytes } = request
    const answered = request.contexts.map((each) => ({
      ...decide(each, deps.admitsSopClass),
      abstractSyntaxUid: each.abstractSyntaxUid,
    }))
    const accepted = answered.filter(({ result }) => result === 'accepted')
    const contexts = new Map(accepted.map((each) => [each.id, each]))
    phase = { kind: 'open', sender: admission.sender, contexts, maxDataBytes }
    socket.write(pdu.associateAccept(request, answered, MAX_DATA_BYTES))
    watch()
  }

  function takeData(event: Extract<PduEvent, { kind: 'data' }>, open: OpenPhase): void {
    const { contextId, isCommand, isLast, bytes } = event
    const context = open.contexts.get(contextId)
    if (context === undefined) {
      throw new DimseError('invalid-parameter', 'a presentation context that was not accepted')
    }
    if (isCommand && message.kind === 'none') {
      message = { kind: 'command', contextId, parts: [], bytes: 0 }
    }
    const isOfMessage = message.kind === (isCommand ? 'command' : 'data')
    if (message.kind === 'none' || !isOfMessage || message.contextId !== contextId) {
      throw new DimseError('unexpected-parameter', 'a fragment of another message')
    }
    message.bytes += bytes.length
    if (message.kind === 'command') {
      if (message.bytes > MAX_COMMAND_BYTES) {
        throw new DimseError('invalid-parameter', 'length of a command')
      }
      message.parts.push(bytes)
      if (isLast) takeCommand(readCommandSet(Buffer.concat(message.parts)), context, contextId)
      return
    }
    // What is refused is let by, for its status to be heard; not for ever.
    if (message.bytes > 2 * deps.maxFileBytes) {
      throw new DimseError('invalid-parameter', 'length of a data set')
    }
    message.reception?.write(bytes)
    if (!isLast) return
    message.reception?.end()
    message = { kind: 'none' }
  }

  function takeCommand(command: CommandSet, context: Context, contextId: number): void {
    message = { kind: 'none' }
    if (command.field === C_CANCEL_RQ && !command.hasDataSet) return
    let reception: Reception | undefined
    if (command.hasDataSet) {
      if (receptions.size >= MAX_UNANSWERED) {
        throw new DimseError('unexpected-parameter', 'requests that wait for no answer')
      }
      reception = createReception({
        pause: () => {
          socket.pause()
          watch()
        },
        resume: () => {
          if (!socket.isPaused()) return
          socket.resume()
          watch()
        },
      })
      receptions.add(reception)
      message = { kind: 'data', contextId, reception, bytes: 0 }
    }
    const refusal = refusalOf(command, context)
    const status =
      reception === undefined
        ? Promise.resolve(refusal ?? STATUS.success)
        : refusal === undefined
          ? store(command, context, reception)
          : passOver(reception, refusal)
    void status.then((value) => {
      if (reception !== undefined) {
        receptions.delete(reception)
        if (value === STATUS.success) counts.stored += 1
        else counts.failed += 1
      }
      respond(contextId, writeResponse(command, value))
    })
  }

  function respond(contextId: number, response: Buffer): void {
    if (phase.kind !== 'open' || socket.destroyed) return
    socket.write(pdu.commandPdus(contextId, response, phase.maxDataBytes))
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy()
    else watch()
  }

  /** The status to answer with, once the bytes are durable or will not be. */
  async function store(command: CommandSet, context: Context, from: Reception): Promise<number> {
    if (phase.kind !== 'open') return STATUS.processingFailure
    const { sender } = phase
    const { sopClassUid, sopInstanceUid } = command
    const meta = { sopClassUid, sopInstanceUid, transferSyntaxUid: context.transferSyntaxUid }
    try {
      const file = await collector.put(partTenFile(meta, from.bytes))
      return (await collector.enter(sender, file)) ? STATUS.success : STATUS.processingFailure
    } catch (error) {
      if (error instanceof DataSetRefused) return error.status
      const isFull =
        error instanceof PandokError && ['STORAGE_FULL', 'TOO_LARGE'].includes(error.code)
      return isFull ? STATUS.outOfResources : STATUS.processingFailure
    }
  }
}

function protocolRefusal(request: AssociationRequest): pdu.Rejection | undefined {
  if (!request.isKnownVersion) return 'protocol-version-unknown'
  return request.applicationContextName === APPLICATION_CONTEXT
    ? undefined
    : 'application-context-unknown'
}

/** The status of what is not tried; undefined: it is. */
function refusalOf(command: CommandSet, { abstractSyntaxUid }: Context): number | undefined {
  const { field, hasDataSet, sopClassUid, sopInstanceUid } = command
  const isEcho = abstractSyntaxUid === VERIFICATION
  if (field === C_ECHO_RQ && !hasDataSet) return isEcho ? undefined : STATUS.sopClassNotSupported
  if (field !== C_STORE_RQ) return STATUS.unrecognizedOperation
  if (isEcho || sopClassUid !== abstractSyntaxUid) return STATUS.sopClassNotSupported
  if (!UID.test(sopInstanceUid)) return STATUS.invalidObjectInstance
  return hasDataSet ? undefined : STATUS.cannotUnderstand
}

async function passOver(reception: Reception, status: number): Promise<number> {
  try {
    for await (const _chunk of reception.bytes);
  } catch {
    // Nobody is there to be answered.
  }
  return status
}

/** The sender's first choice that can be read (PS3.8 9.3.3.2). */
function decide(
  { id, abstractSyntaxUid, transferSyntaxUids }: ProposedContext,
  admitsSopClass: (uid: string) => boolean,
): pdu.AnsweredContext {
  const [first = ''] = transferSyntaxUids
  if (abstractSyntaxUid !== VERIFICATION && !admitsSopClass(abstractSyntaxUid)) {
    return { id, result: 'abstract-syntax-not-supported', transferSyntaxUid: first }
  }
  const readable = transferSyntaxUids.filter(isReadable)
  const chosen = readable.find((uid) => !LAST_CHOICE.has(uid)) ?? readable[0]
  return chosen === undefined
    ? { id, result: 'transfer-syntaxes-not-supported', transferSyntaxUid: first }
    : { id, result: 'accepted', transferSyntaxUid: chosen }
}
