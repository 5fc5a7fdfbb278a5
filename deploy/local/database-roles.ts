/**
 * Roles and databases of the embedded server: the application works under a role that owns nothing, and
 * the keys are in a database of their own, under a role that may enter no other.
 */
import pg from 'pg'

const APPLICATION = 'pandok_app'
const VAULT = 'pandok_vault'

export interface DatabaseUrls {
  readonly applicationUrl: string
  readonly vaultUrl: string
}

/** Makes what is missing; passwords become those given. `ownerUrl`: of the main database. */
export async function prepareRoles(
  ownerUrl: string,
  passwords: { readonly application: string; readonly vault: string },
): Promise<DatabaseUrls> {
  const owner = new URL(ownerUrl)
  const database = decodeURIComponent(owner.pathname.slice(1))
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await ensureRole(client, APPLICATION, passwords.application)
    await ensureRole(client, VAULT, passwords.vault)
    await ensureDatabase(client, VAULT)
    // Without this every role may enter every database.
    for (const each of [database, VAULT]) {
      await client.query(`revoke all on database ${pg.escapeIdentifier(each)} from public`)
    }
    await client.query(
      `grant connect, temporary on database ${pg.escapeIdentifier(database)} to ${APPLICATION}`,
    )
  } finally {
    await client.end()
  }
  return {
    applicationUrl: urlOf(owner, APPLICATION, passwords.application, database),
    vaultUrl: urlOf(owner, VAULT, passwords.vault, VAULT),
  }
}

async function ensureRole(client: pg.Client, role: string, password: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role])
  if (rowCount === 0) await client.query(`create role ${role}`)
  await client.query(
    `alter role ${role} login nosuperuser nocreatedb nocreaterole password ${pg.escapeLiteral(password)}`,
  )
}

/** Owned by the role of the same name. */
async function ensureDatabase(client: pg.Client, name: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
  if (rowCount === 0) await client.query(`create database ${name} owner ${name}`)
}

function urlOf(server: URL, role: string, password: string, database: string): string {
  const url = new URL(server)
  url.username = role
  url.password = encodeURIComponent(password)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}
