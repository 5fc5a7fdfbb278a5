import type { Handlers } from '../platform/http/handler.ts'
import { ledgerRoutes } from './ledger/index.ts'
import type { DeidentificationService } from './service.ts'

export function deidentificationRoutes({
  profiles,
  keys,
  ledger,
  evidence,
}: DeidentificationService): Pick<
  Handlers,
  | 'getProfile'
  | 'setProfile'
  | 'listProfiles'
  | 'getDeidentificationKey'
  | 'listDeidentificationKeys'
  | 'rotateDeidentificationKey'
  | keyof ReturnType<typeof ledgerRoutes>
> {
  return {
    getProfile: ({ project, query }) => profiles.at(project.id, query.version),
    setProfile: ({ actor, project, body }) => profiles.set(actor, project.id, body.profile),
    listProfiles: ({ project }) => profiles.list(project.id),
    getDeidentificationKey: ({ project }) => keys.kitFor(project.id),
    listDeidentificationKeys: async ({ project }) => ({ items: await keys.list(project.id) }),
    rotateDeidentificationKey: ({ actor, project, body }) => keys.rotate(actor, project.id, body),
    ...ledgerRoutes(ledger, evidence),
  }
}
