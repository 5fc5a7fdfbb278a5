/**
 * The per-project keys of the keyed hashes, wrapped with the installation's key (AES-256-GCM, bound
 * to the project). Nothing outside this folder reads them.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createKey } from '@pandok/anonymizer'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16

export async function createProjectKey(
  tx: Transaction,
  installationKey: Uint8Array,
  projectId: string,
): Promise<void> {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', installationKey, nonce)
  cipher.setAAD(Buffer.from(projectId))
  const sealed = Buffer.concat([cipher.update(createKey()), cipher.final()])
  await tx.run('insert into vault_key (project_id, wrapped_key) values ($1, $2)', [
    projectId,
    Buffer.concat([nonce, cipher.getAuthTag(), sealed]),
  ])
}

/** Throws when the installation's key is not the one the project's key was wrapped with. */
export async function readProjectKey(
  db: Queryable,
  installationKey: Uint8Array,
  projectId: string,
): Promise<Uint8Array> {
  const { wrapped_key: wrapped } = await db.one(
    z.object({ wrapped_key: z.instanceof(Buffer) }),
    'select wrapped_key from vault_key where project_id = $1',
    [projectId],
  )
  const decipher = createDecipheriv(
    'aes-256-gcm',
    installationKey,
    wrapped.subarray(0, NONCE_BYTES),
  )
  decipher.setAAD(Buffer.from(projectId))
  decipher.setAuthTag(wrapped.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  const sealed = wrapped.subarray(NONCE_BYTES + TAG_BYTES)
  return Buffer.concat([decipher.update(sealed), decipher.final()])
}
