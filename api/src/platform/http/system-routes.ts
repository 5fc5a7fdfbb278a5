/** What clients ask before anything else. */
import { z } from 'zod'
import type { Database } from '../database.ts'
import type { Config } from '../env.ts'
import type { Handlers } from './handler.ts'

export function systemRoutes(
  config: Config,
  version: string,
  db: Database,
): Pick<Handlers, 'getConfig' | 'getHealth'> {
  // Keycloak's issuers are BASE/realms/REALM, and keycloak-js wants the two apart.
  const [url = '', realm = ''] = config.oidcIssuer.split('/realms/')
  return {
    getConfig: () =>
      Promise.resolve({ oidc: { url, realm, clientId: config.oidcClientId }, version }),
    getHealth: async () => {
      await db.one(z.object({ one: z.number() }), 'select 1 as one')
      return { status: 'ready' }
    },
  }
}
