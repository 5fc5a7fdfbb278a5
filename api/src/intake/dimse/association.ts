/**
 * One association (PS3.8) as Storage and Verification SCP (PS3.4 B, PS3.7 9.1): who may send is asked of
 * the receivers, every instance is durable before its success status, and what an abort cuts off leaves
 * nothing. The library speaks the protocol; the bytes of data sets pass it unread.
 */
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { isReadable } from '@pandok/anonymizer/dicom'
import { PandokError } from '@pandok/contract'
import dimse, { type association, type requests, type responses } from 'dcmjs-dimse'
import type { Log } from '../../platform/log.ts'
import type { Collector, Sender } from '../collect/index.ts'
import { UID } from '../file-meta.ts'
import { createReception, type Reception } from './reception.ts'

const { constants, Scp } = dimse
const { PresentationContextResult, RejectReason, RejectResult, RejectSource, Status } = constants

const VERIFICATION = '1.2.840.10008.1.1'
/** PS3.4 table B.2-1. */
const OUT_OF_RESOURCES = 0xa700
/** Taken only where nothing else is offered: the one is retired, the other hides its size. */
const LAST_CHOICE = new Set(['1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99'])

export type Admission =
  | { readonly kind: 'admitted'; readonly sender: Sender }
  | { readonly kind: 'unknown-called' | 'unknown-calling' }

export interface AssociationDependencies {
  readonly collector: Collector
  readonly admitsSopClass: (sopClassUid: string) => boolean
  readonly admit: (titles: {
    called: string
    calling: string
    address: string
  }) => Promise<Admission>
  readonly log: Log
}

type StoreRequest = requests.CStoreRequest

/** The library makes one for each socket, and calls what is overridden. */
export function openAssociation(socket: Socket, deps: AssociationDependencies): void {
  const { collector, log } = deps
  const { remoteAddress = '' } = socket
  const address = remoteAddress.replace(/^::ffff:/, '')
  const receptions = new Map<StoreRequest, { reception: Reception; stored: Promise<number> }>()
  const counts = { stored: 0, failed: 0 }
  let sender: Sender | undefined
  let facts = {}

  class Association extends Scp {
    override associationRequested(asked: association.Association): void {
      const titles = {
        called: asked.getCalledAeTitle().trim(),
        calling: asked.getCallingAeTitle().trim(),
        address,
      }
      facts = titles
      deps.admit(titles).then(
        (admission) => {
          this.answer(asked, admission)
        },
        () => {
          log.error(titles, 'nobody can say who may send')
          const { Transient } = RejectResult
          const source = RejectSource.ServiceProviderPresentation
          this.sendAssociationReject(Transient, source, RejectReason.TemporaryCongestion)
        },
      )
    }

    private answer(asked: association.Association, admission: Admission): void {
      if (admission.kind !== 'admitted') {
        const reason =
          admission.kind === 'unknown-called'
            ? RejectReason.CalledAeNotRecognized
            : RejectReason.CallingAeNotRecognized
        log.warn({ ...facts, reason: admission.kind }, 'association rejected')
        this.sendAssociationReject(RejectResult.Permanent, RejectSource.ServiceUser, reason)
        return
      }
      sender = admission.sender
      for (const { context } of asked.getPresentationContexts()) {
        decide(context, deps.admitsSopClass)
      }
      this.sendAssociationAccept()
    }

    override associationReleaseRequested(): void {
      this.sendAssociationReleaseResponse()
    }

    override cEchoRequest(
      request: requests.CEchoRequest,
      respond: (response: responses.CEchoResponse) => void,
    ): void {
      const response = dimse.responses.CEchoResponse.fromRequest(request)
      response.setStatus(Status.Success)
      respond(response)
    }

    override createStoreWritableStream(
      context: association.PresentationContext,
      request: StoreRequest,
    ): Writable {
      const meta = {
        sopClassUid: request.getAffectedSopClassUid(),
        sopInstanceUid: request.getAffectedSopInstanceUid(),
        transferSyntaxUid: context.getAcceptedTransferSyntaxUid() ?? '',
      }
      const reception = createReception(meta, socket)
      const isNamed = Object.values(meta).every((uid) => UID.test(uid))
      const isAgreed = meta.sopClassUid === context.getAbstractSyntaxUid()
      const refusal = isNamed
        ? isAgreed
          ? undefined
          : Status.SopClassNotSupported
        : Status.InvalidObjectInstance
      const stored = refusal === undefined ? store(reception) : passOver(reception, refusal)
      receptions.set(request, { reception, stored })
      return reception.sink
    }

    /** The library would parse it all; the next command waits for this call, so it ends at once. */
    override createDatasetFromStoreWritableStream(
      _writable: Writable,
      _context: association.PresentationContext,
      done: (dataset: never) => void,
    ): void {
      done(undefined as never)
    }

    override cStoreRequest(
      request: StoreRequest,
      respond: (response: responses.CStoreResponse) => void,
    ): void {
      const response = dimse.responses.CStoreResponse.fromRequest(request)
      const stored = receptions.get(request)?.stored ?? Promise.resolve(Status.ProcessingFailure)
      void stored.then((status) => {
        receptions.delete(request)
        if (status === Status.Success) counts.stored += 1
        else counts.failed += 1
        response.setStatus(status)
        if (!socket.destroyed) respond(response)
      })
    }

    override abort(): void {
      socket.destroy()
    }
  }

  const scp = new Association(socket)
  scp.on('networkError', () => socket.destroy())
  socket.once('close', () => {
    for (const { reception } of receptions.values()) reception.abort()
    log.info({ ...facts, ...counts, cut: receptions.size }, 'association ended')
  })

  /** The status to answer with (PS3.4 B.2.3). */
  async function store(reception: Reception): Promise<number> {
    if (sender === undefined) return Status.NotAuthorized
    try {
      const file = await collector.put(reception.bytes)
      return (await collector.enter(sender, file)) ? Status.Success : Status.ProcessingFailure
    } catch (error) {
      const isFull =
        error instanceof PandokError && ['STORAGE_FULL', 'TOO_LARGE'].includes(error.code)
      return isFull ? OUT_OF_RESOURCES : Status.ProcessingFailure
    }
  }
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
  context: association.PresentationContext,
  admitsSopClass: (uid: string) => boolean,
): void {
  const abstractSyntax = context.getAbstractSyntaxUid()
  if (abstractSyntax !== VERIFICATION && !admitsSopClass(abstractSyntax)) {
    context.setResult(PresentationContextResult.RejectAbstractSyntaxNotSupported)
    return
  }
  const readable = context.getTransferSyntaxUids().filter(isReadable)
  const chosen = readable.find((uid) => !LAST_CHOICE.has(uid)) ?? readable[0]
  if (chosen === undefined) {
    context.setResult(PresentationContextResult.RejectTransferSyntaxesNotSupported)
  } else {
    context.setResult(PresentationContextResult.Accept, chosen)
  }
}
