import type { Handlers } from '../../platform/http/handler.ts'
import type { createPeers } from './service.ts'

export function peerRoutes(
  peers: ReturnType<typeof createPeers>,
): Pick<Handlers, 'listPeers' | 'searchPeer' | 'importStudy'> {
  return {
    listPeers: () => Promise.resolve(peers.list()),
    searchPeer: ({ actor, project, params, body }) =>
      peers.search(actor, project.id, params.peerKey, body),
    importStudy: ({ actor, project, params, body }) =>
      peers.importStudy(actor, project.id, params.peerKey, body.studyInstanceUid),
  }
}
