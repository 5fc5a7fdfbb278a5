/**
 * Other DICOMweb servers, of the operator's choice, from which studies are pulled. What they answer
 * identifies patients: it is for data managers, and kept nowhere.
 */
import { z } from 'zod'
import { operation } from '../operation.ts'
import { Id, ProjectKey, Uid } from '../primitives.ts'

const none = z.object({})
const PeerKey = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/)
const project = z.object({ projectKey: ProjectKey })
const peer = project.extend({ peerKey: PeerKey })
const access = { kind: 'project', scope: 'project', roles: ['data-manager'] } as const

export const PeerStudy = z.object({
  studyInstanceUid: Uid,
  patientId: z.string(),
  patientName: z.string(),
  studyDate: z.string(),
  studyDescription: z.string(),
  modalities: z.array(z.string()),
  /** Null where the peer does not say. */
  instances: z.number().int().nullable(),
})
export type PeerStudy = z.infer<typeof PeerStudy>

export const listPeers = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/peers',
  summary: 'The servers that studies can be pulled from',
  tag: 'uploads',
  access,
  params: project,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(z.object({ key: PeerKey })) }),
  errors: [],
  audit: 'none',
})

export const searchPeer = operation({
  // What is asked for names a patient: it belongs in no address, and so in no log of one.
  method: 'POST',
  path: '/api/projects/:projectKey/peers/:peerKey/search',
  summary: 'Studies of a peer (QIDO-RS); what it answers is shown and not kept',
  tag: 'uploads',
  access,
  params: peer,
  query: none,
  body: z.object({
    patientId: z.string().min(1).max(64).optional(),
    /** A date or a range, as DICOM writes it: 20240101-20240131. */
    studyDate: z
      .string()
      .regex(/^(\d{8})?-?(\d{8})?$/)
      .min(8)
      .max(17)
      .optional(),
    accessionNumber: z.string().min(1).max(16).optional(),
    limit: z.number().int().min(1).max(100).default(50),
    offset: z.number().int().min(0).max(100_000).default(0),
  }),
  output: z.object({ items: z.array(PeerStudy) }),
  errors: ['PEER_FAILED'],
  audit: 'service',
})

export const importStudy = operation({
  method: 'POST',
  path: '/api/projects/:projectKey/peers/:peerKey/imports',
  summary: 'Pull a study from a peer into an upload of its own (QIDO-RS, WADO-RS)',
  tag: 'uploads',
  access,
  params: peer,
  query: none,
  body: z.object({ studyInstanceUid: Uid }),
  output: z.object({ uploadId: Id }),
  errors: [],
  audit: 'service',
})
