/** Which machines may send images by DIMSE (PS3.4 B) to a project. */
import { z } from 'zod'
import { operation } from '../operation.ts'
import { IsoDateTime, ProjectKey } from '../primitives.ts'
import { Person } from './people.ts'

const none = z.object({})
const project = z.object({ projectKey: ProjectKey })

/** PS3.5 6.2: at most 16 characters, no backslash, no spaces around it. */
export const AeTitle = z
  .string()
  .regex(/^[!-[\]-~]([ -[\]-~]{0,14}[!-[\]-~])?$/, 'must be an AE title of at most 16 characters')

export const DicomReceiver = z.object({
  /** What the sender calls; one project in the whole installation has it. */
  aeTitle: AeTitle,
  /** Who may send there. */
  callingAeTitles: z.array(AeTitle).min(1).max(200),
  /** From which networks, as 10.1.0.0/16; from any when empty. */
  addresses: z.array(z.union([z.cidrv4(), z.cidrv6()])).max(200),
  setAt: IsoDateTime,
  setBy: Person.nullable(),
})
export type DicomReceiver = z.infer<typeof DicomReceiver>

export const listDicomReceivers = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/dicom-receivers',
  summary: 'The AE titles that lead to the project, and who may send to them',
  tag: 'uploads',
  access: {
    kind: 'project',
    scope: 'project',
    roles: ['data-manager', 'manager', 'auditor'],
    admin: true,
  },
  params: project,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(DicomReceiver) }),
  errors: [],
  audit: 'none',
})

export const putDicomReceiver = operation({
  method: 'PUT',
  path: '/api/projects/:projectKey/dicom-receivers/:aeTitle',
  summary: 'Let machines send by DIMSE to the project; in force with the next association',
  tag: 'uploads',
  access: { kind: 'project', scope: 'project', roles: ['manager'], admin: true },
  params: project.extend({ aeTitle: AeTitle }),
  query: none,
  body: z.object({
    callingAeTitles: DicomReceiver.shape.callingAeTitles,
    addresses: DicomReceiver.shape.addresses.optional(),
  }),
  output: DicomReceiver,
  errors: ['CONFLICT'],
  audit: 'service',
})

export const removeDicomReceiver = operation({
  method: 'DELETE',
  path: '/api/projects/:projectKey/dicom-receivers/:aeTitle',
  summary: 'Let nobody send to this AE title any more',
  tag: 'uploads',
  access: { kind: 'project', scope: 'project', roles: ['manager'], admin: true },
  params: project.extend({ aeTitle: AeTitle }),
  query: none,
  body: undefined,
  output: z.object({ items: z.array(DicomReceiver) }),
  errors: [],
  audit: 'service',
})
