/**
 * The embedded identity provider as a process of its own.
 *
 * IDENTITY_STATE_FILE (state.ts), DATABASE_URL, OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_AUDIENCE,
 * PUBLIC_URL (the viewer), HTTP_HOST, HTTP_PORT.
 */
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { createIdentityTables } from './adapter.ts'
import { createIdentityServer } from './provider.ts'
import { IdentityState } from './state.ts'

const setting = (name: string): string => {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set`)
  return value
}

const pool = new pg.Pool({ connectionString: setting('DATABASE_URL'), max: 4 })
pool.on('error', () => undefined)
await createIdentityTables(pool)
const server = createIdentityServer({
  issuer: setting('OIDC_ISSUER'),
  audience: setting('OIDC_AUDIENCE'),
  viewerClientId: setting('OIDC_CLIENT_ID'),
  viewerOrigin: new URL(setting('PUBLIC_URL')).origin,
  state: IdentityState.parse(JSON.parse(readFileSync(setting('IDENTITY_STATE_FILE'), 'utf8'))),
  pool,
})
server.listen(Number(setting('HTTP_PORT')), setting('HTTP_HOST'))

const stop = () => {
  server.close(() => process.exit(0))
  server.closeAllConnections()
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
process.on('disconnect', stop)
