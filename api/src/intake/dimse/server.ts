/**
 * The DIMSE process's port: takes connections, with TLS where it is configured (PS3.15 B), holds each to
 * its limits, and hands it to an association.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import dimse from 'dcmjs-dimse'
import { type AssociationDependencies, openAssociation } from './association.ts'
import { createPduGate } from './pdu-gate.ts'

/** What we say that we take; commands and requests of associations are far smaller. */
const MAX_PDU_BYTES = 128 * 1024
const MAX_COMMAND_BYTES = 64 * 1024

export interface DimseOptions extends AssociationDependencies {
  readonly maxAssociations: number
  readonly idleSeconds: number
  /** PEM; `ca`: only clients that it vouches for are let in. */
  readonly tls:
    | { readonly key: string; readonly cert: string; readonly ca: string | undefined }
    | undefined
}

export function createDimseServer(options: DimseOptions): Server {
  const { tls } = options
  // It would log every PDU.
  dimse.log.setLevel('silent')
  dimse.Implementation.setMaxPduLength(MAX_PDU_BYTES)
  const connections = new Set<Socket>()

  const take = (socket: Socket) => {
    // Answers are small and awaited: Nagle's delay would hold up each of them.
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    if (connections.size >= options.maxAssociations) {
      // Before a byte is read there is nobody to reject politely.
      socket.destroy()
      return
    }
    connections.add(socket)
    const gate = createPduGate(
      { pduBytes: MAX_PDU_BYTES, commandBytes: MAX_COMMAND_BYTES, pduSeconds: options.idleSeconds },
      () => socket.destroy(),
    )
    socket.on('data', gate.feed)
    openAssociation(socket, options)
    socket.setTimeout(options.idleSeconds * 1000)
    socket.once('close', () => {
      gate.close()
      connections.delete(socket)
    })
  }

  const server =
    tls === undefined
      ? createServer(take)
      : createTlsServer(
          {
            key: tls.key,
            cert: tls.cert,
            minVersion: 'TLSv1.2',
            ...(tls.ca === undefined
              ? {}
              : { ca: tls.ca, requestCert: true, rejectUnauthorized: true }),
          },
          take,
        )
  server.once('close', () => {
    for (const socket of connections) socket.destroy()
  })
  return server
}
