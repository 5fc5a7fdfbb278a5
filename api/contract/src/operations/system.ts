/** What a client must know before anybody has signed in. */
import { z } from 'zod'
import { operation } from '../operation.ts'

const none = z.object({})

export const getConfig = operation({
  method: 'GET',
  path: '/api/config',
  summary: 'Where to sign in, and which Pandok this is',
  tag: 'system',
  access: { kind: 'public' },
  params: none,
  query: none,
  body: undefined,
  output: z.object({
    /** Keycloak's base address and realm, split as keycloak-js wants them. */
    oidc: z.object({ url: z.string(), realm: z.string(), clientId: z.string() }),
    version: z.string(),
  }),
  errors: [],
  audit: 'none',
})

export const getHealth = operation({
  method: 'GET',
  path: '/api/health',
  summary: 'Whether this process can do its work now',
  tag: 'system',
  access: { kind: 'public' },
  params: none,
  query: none,
  body: undefined,
  output: z.object({ status: z.literal('ready') }),
  errors: ['DATABASE_UNAVAILABLE'],
  audit: 'none',
})
