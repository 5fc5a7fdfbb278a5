/** Whether what is stored is still what it was. */
import { z } from 'zod'
import { operation } from '../operation.ts'
import { IsoDateTime, Sha256 } from '../primitives.ts'

const Pass = z.object({
  startedAt: IsoDateTime,
  /** null while it goes on. */
  finishedAt: IsoDateTime.nullable(),
  blobs: z.number().int(),
  bytes: z.number().int(),
})

export const StorageFindingKind = z.enum(['missing', 'damaged', 'orphan'])

export const StorageHealth = z.object({
  /** Blobs that the archive and releases stand for, and how many of them were never read again. */
  blobs: z.number().int(),
  bytes: z.number().int(),
  neverVerified: z.number().int(),
  oldestVerifiedAt: IsoDateTime.nullable(),
  /** Reads every blob and compares its bytes with its name. */
  scrub: z.object({ now: Pass.nullable(), last: Pass.nullable() }),
  /** Looks for blobs without a row. */
  orphans: z.object({ now: Pass.nullable(), last: Pass.nullable() }),
  /** What is not resolved, newest first, at most 200. */
  findings: z.array(
    z.object({
      area: z.string(),
      sha256: Sha256,
      kind: StorageFindingKind,
      foundAt: IsoDateTime,
    }),
  ),
  openFindings: z.number().int(),
})
export type StorageHealth = z.infer<typeof StorageHealth>

export const getStorageHealth = operation({
  method: 'GET',
  path: '/api/storage/health',
  summary: 'What the background check of stored files last found',
  tag: 'system',
  access: { kind: 'admin' },
  params: z.object({}),
  query: z.object({}),
  body: undefined,
  output: StorageHealth,
  errors: [],
  audit: 'none',
})
