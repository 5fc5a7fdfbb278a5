/** What a local installation keeps in its data folder: secrets, accounts, the demonstration file. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Role } from '@pandok/contract'
import { z } from 'zod'
import { type Account, hashPassword, IdentityState, newSigningKey } from '../identity/state.ts'

export const ADMIN_ROLE = 'pandok-admin'

export interface Persona {
  readonly username: string
  readonly displayName: string
  readonly roles: readonly Role[]
}

export const PERSONAS: readonly Persona[] = [
  { username: 'data-manager', displayName: '김데이터 (Data manager)', roles: ['data-manager'] },
  { username: 'labeler-1', displayName: '이라벨 (Labeler 1)', roles: ['labeler'] },
  { username: 'labeler-2', displayName: '박라벨 (Labeler 2)', roles: ['labeler'] },
  {
    username: 'reviewer-1',
    displayName: '최검수 (Reviewer 1)',
    roles: ['reviewer', 'second-reviewer'],
  },
  {
    username: 'reviewer-2',
    displayName: '정검수 (Reviewer 2)',
    roles: ['reviewer', 'second-reviewer'],
  },
  { username: 'manager', displayName: '강매니저 (Manager)', roles: ['manager'] },
  { username: 'researcher', displayName: '윤연구 (Researcher)', roles: ['researcher'] },
  { username: 'auditor', displayName: '임감사 (Auditor)', roles: ['auditor'] },
  { username: 'admin', displayName: '관리자 (Administrator)', roles: [] },
]

export const DEMONSTRATION_PROJECT = {
  key: 'lung-prognosis',
  nameEn: 'Lung cancer prognosis',
  nameKo: '폐암 예후 예측',
  pseudonymFormat: { prefix: 'LC', digits: 5 },
} as const

const Secrets = z.object({
  /** Of the owner of everything in the embedded database. */
  databasePassword: z.string(),
  /** Of the application's role there, and of the vault's. */
  applicationPassword: z.string(),
  vaultPassword: z.string(),
})
export type Secrets = z.infer<typeof Secrets>

/** Accounts with the passwords that `npm start` prints; only the demonstration keeps them. */
export interface NewAccount {
  readonly account: Account
  readonly password: string
}

export async function readOrMakeSecrets(directory: string): Promise<Secrets> {
  const path = join(directory, 'secrets.json')
  const known: unknown = existsSync(path) ? JSON.parse(await readFile(path, 'utf8')) : {}
  const password = () => randomBytes(24).toString('base64url')
  const secrets = Secrets.parse({
    databasePassword: password(),
    applicationPassword: password(),
    vaultPassword: password(),
    ...z.looseObject({}).parse(known),
  })
  // A folder of an earlier version has fewer of them.
  if (!Secrets.safeParse(known).success) await writePrivate(path, secrets)
  const key = join(directory, 'installation.key')
  if (!existsSync(key)) {
    await writeFile(key, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 })
  }
  return secrets
}

/** Makes the provider's state with the given accounts, unless it is there already. */
export async function makeIdentityState(
  path: string,
  personas: readonly Persona[],
): Promise<readonly NewAccount[] | undefined> {
  if (existsSync(path)) return undefined
  const made = await Promise.all(personas.map(makeAccount))
  const state: IdentityState = {
    cookieKeys: [randomBytes(32).toString('base64url')],
    jwks: { keys: [newSigningKey()] },
    accounts: made.map(({ account }) => account),
  }
  await writePrivate(path, IdentityState.parse(state))
  return made
}

async function makeAccount(persona: Persona): Promise<NewAccount> {
  const password = pronounceable()
  return {
    password,
    account: {
      subject: randomUUID(),
      username: persona.username,
      displayName: persona.displayName,
      passwordHash: await hashPassword(password),
      realmRoles: persona.username === 'admin' ? [ADMIN_ROLE] : [],
      clientSecret: randomBytes(24).toString('base64url'),
    },
  }
}

/** Five syllables and three digits: about 45 bits, easy to type. */
function pronounceable(): string {
  const pick = (letters: string) => letters.charAt(randomInt(letters.length))
  const syllables = Array.from(
    { length: 5 },
    () => pick('bdfghjkmnprstvz') + pick('aeiou') + pick('klmnrst'),
  )
  return `${syllables.join('')}${randomInt(100, 1000)}`
}

/** Whole or not at all, readable by nobody else. */
export async function writePrivate(path: string, content: object): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, path)
}
