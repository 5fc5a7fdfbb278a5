/**
 * The DIMSE process's port: takes connections, with TLS where it is configured (PS3.15 B), and opens an
 * association on each. Above the limit of associations whoever asks is told to try again later; a second
 * limit holds those who only wait to be told.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { type AssociationDependencies, openAssociation } from './association.ts'

/** Connections above the limit that are heard out to be rejected. */
const MAX_REJECTED = 16

export interface DimseOptions extends AssociationDependencies {
  readonly maxAssociations: number
  /** PEM; `ca`: only clients that it vouches for are let in. */
  readonly tls:
    | { readonly key: string; readonly cert: string; readonly ca: string | undefined }
    | undefined
}

export function createDimseServer(options: DimseOptions): Server {
  const { tls, maxAssociations } = options
  let associations = 0

  const take = (socket: Socket) => {
    // Answers are small and awaited: Nagle's delay would hold up each of them.
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    const isOver = associations >= maxAssociations
    if (!isOver) associations += 1
    socket.once('close', () => {
      if (!isOver) associations -= 1
    })
    openAssociation(socket, options, isOver ? 'local-limit-exceeded' : undefined)
  }

  const server =
    tls === undefined
      ? createServer(take)
      : createTlsServer(
          {
            key: tls.key,
            cert: tls.cert,
            minVersion: 'TLSv1.2',
            handshakeTimeout: options.idleSeconds * 1000,
            ...(tls.ca === undefined
              ? {}
              : { ca: tls.ca, requestCert: true, rejectUnauthorized: true }),
          },
          take,
        )
  server.maxConnections = maxAssociations + MAX_REJECTED
  return server
}
