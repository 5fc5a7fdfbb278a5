/**
 * The ledger of a project (PIPA 28-4): for what, on which basis, by which profile its data were
 * de-identified; who received copies, until when, and that they were destroyed. Entries are only ever
 * added, and each holds the digest of the one before.
 */
import { z } from 'zod'
import { Issue } from '../errors.ts'
import { bytes, operation } from '../operation.ts'
import { CountByName, Id, IsoDate, IsoDateTime, ProjectKey, Sha256 } from '../primitives.ts'
import { Person } from './people.ts'

const none = z.object({})
const project = z.object({ projectKey: ProjectKey })
const copy = project.extend({ copyId: z.coerce.number().int().positive() })

/** PIPA 28-2. */
export const PURPOSES = ['scientific-research', 'statistics', 'public-interest-archiving'] as const

/** For what and how long the project holds its data; every entry of the ledger repeats it. */
export const ProcessingTerms = z.object({
  purpose: z.enum(PURPOSES),
  /** Which study, which question; the project's name until somebody says. */
  purposeDetail: z.string(),
  legalBasis: z.string(),
  /** How long copies may be kept, from the day on which they are made. */
  retentionDays: z.number().int().positive(),
  /** Null while nobody has set them: the defaults are in force then, and warned of. */
  setAt: IsoDateTime.nullable(),
  setBy: Person.nullable(),
  /** Duties not met: TERMS_NOT_SET. */
  warnings: z.array(Issue),
})
export type ProcessingTerms = z.infer<typeof ProcessingTerms>

export const getProcessingTerms = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/processing-terms',
  summary: 'Purpose, legal basis and retention period of the project',
  tag: 'ledger',
  access: { kind: 'project', scope: 'project', roles: ['data-manager', 'manager', 'auditor'] },
  params: project,
  query: none,
  body: undefined,
  output: ProcessingTerms,
  errors: [],
  audit: 'none',
})

export const setProcessingTerms = operation({
  method: 'PUT',
  path: '/api/projects/:projectKey/processing-terms',
  summary: 'Set purpose, legal basis and retention period for what is done from now on',
  tag: 'ledger',
  access: { kind: 'project', scope: 'project', roles: ['manager'] },
  params: project,
  query: none,
  body: z.object({
    purpose: z.enum(PURPOSES),
    purposeDetail: z.string().trim().min(1).max(300),
    legalBasis: z.string().trim().min(1).max(200),
    retentionDays: z.number().int().min(1).max(36_500),
  }),
  output: ProcessingTerms,
  errors: [],
  audit: 'service',
})

export const LEDGER_KINDS = [
  /** The first of the chain. */
  'opening',
  /** An upload was checked. */
  'deidentification',
  'release',
  /** A release left by download: a copy. */
  'download',
  /** A person handed data over by other ways: a copy. */
  'copy',
  'destruction',
  'key-rotation',
] as const

export const LedgerEntry = z.object({
  /** Place in the project's chain, from 1. */
  sequence: z.number().int().positive(),
  at: IsoDateTime,
  kind: z.enum(LEDGER_KINDS),
  /** Id of the upload or release, or number of the destroyed copy. */
  objectId: z.string().nullable(),
  /** Null for the machine. */
  by: Person.nullable(),
  /** Null where only copies are told of. */
  purpose: z.enum(PURPOSES).nullable(),
  legalBasis: z.string().nullable(),
  profile: z.object({ label: z.string(), digest: Sha256 }).nullable(),
  keyFingerprint: z.string().nullable(),
  /** Who has it: a person or body, and where. Null: nobody outside. */
  recipient: z.string().nullable(),
  place: z.string().nullable(),
  /** Days in which it may be held. */
  period: z.object({ from: IsoDate, until: IsoDate }).nullable(),
  /** Files by code, cases, bytes. */
  counts: CountByName,
  digest: Sha256,
})
export type LedgerEntry = z.infer<typeof LedgerEntry>

const KEEPERS = ['data-manager', 'manager', 'auditor'] as const

export const listLedger = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/ledger',
  summary: 'The ledger, newest first',
  tag: 'ledger',
  access: { kind: 'project', scope: 'project', roles: [...KEEPERS] },
  params: project,
  query: z.object({
    before: z.coerce.number().int().positive().optional(),
    limit: z.coerce.number().int().min(1).max(500).default(100),
    kind: z.enum(LEDGER_KINDS).optional(),
  }),
  body: undefined,
  output: z.object({ items: z.array(LedgerEntry), nextBefore: z.number().int().nullable() }),
  errors: [],
  audit: 'none',
})

export const verifyLedger = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/ledger/verification',
  summary: 'Works the whole chain out again and says whether it holds',
  tag: 'ledger',
  access: { kind: 'project', scope: 'project', roles: [...KEEPERS] },
  params: project,
  query: none,
  body: undefined,
  output: z.object({
    isIntact: z.boolean(),
    entries: z.number().int(),
    /** Where the chain first does not hold, and why: a LEDGER_… code. */
    fault: z.object({ sequence: z.number().int(), code: z.string() }).nullable(),
    /** Number and digest of the newest entry: kept elsewhere, it shows later a cut-off end. */
    anchor: z.string().nullable(),
  }),
  errors: [],
  audit: 'read',
})

/** Data of the project in somebody's hands. */
export const Copy = z.object({
  /** Number of its entry. */
  id: z.number().int().positive(),
  kind: z.enum(['download', 'copy']),
  recipient: z.string(),
  place: z.string(),
  releaseId: Id.nullable(),
  content: z.string(),
  givenAt: IsoDateTime,
  givenBy: Person.nullable(),
  until: IsoDate,
  isOverdue: z.boolean(),
  destroyedOn: IsoDate.nullable(),
  /** How it was destroyed. */
  method: z.string().nullable(),
  /** The entries of a destroyed copy stay at least until then: three years (PIPA 28-4). */
  keptUntil: IsoDate.nullable(),
})
export type Copy = z.infer<typeof Copy>

export const listCopies = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/ledger/copies',
  summary: 'The recall list: copies still out, overdue first; or the destroyed ones, newest first',
  tag: 'ledger',
  access: { kind: 'project', scope: 'project', roles: [...KEEPERS] },
  params: project,
  query: z.object({ state: z.enum(['out', 'destroyed']).default('out') }),
  body: undefined,
  output: z.object({ items: z.array(Copy) }),
  errors: [],
  audit: 'none',
})

export const recordCopy = operation({
  method: 'POST',
  path: '/api/projects/:projectKey/ledger/copies',
  summary: 'Record that data of the project were handed over by other ways than a download',
  tag: 'ledger',
  access: { kind: 'project', scope: 'project', roles: ['data-manager', 'manager'] },
  params: project,
  query: none,
  body: z.object({
    /** A body or a person in charge. No e-mail address: the ledger takes none. */
    recipient: z.string().trim().min(1).max(200),
    place: z.string().trim().min(1).max(200),
    content: z.string().trim().min(1).max(300),
    releaseId: Id.optional(),
    /** When left out: by the retention period of the project. */
    until: IsoDate.optional(),
  }),
  output: Copy,
  errors: ['NOT_FOUND'],
  audit: 'service',
})

export const recordDestruction = operation({
  method: 'POST',
  path: '/api/projects/:projectKey/ledger/copies/:copyId/destruction',
  summary: 'Record that a copy was destroyed; its entries are kept for three more years at least',
  tag: 'ledger',
  access: { kind: 'project', scope: 'project', roles: ['data-manager', 'manager'] },
  params: copy,
  query: none,
  body: z.object({ destroyedOn: IsoDate, method: z.string().trim().min(1).max(200) }),
  output: Copy,
  errors: ['COPY_DESTROYED'],
  audit: 'service',
})

export const getEvidencePack = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/evidence',
  summary:
    'For the review board: a zip with profile, counts, what was scanned, a sample, and the ledger',
  tag: 'ledger',
  access: { kind: 'project', scope: 'project', roles: ['manager', 'auditor'] },
  params: project,
  query: none,
  body: undefined,
  output: bytes('application/zip'),
  errors: [],
  audit: 'read',
})
