/**
 * STOW-RS (PS3.18 10.5): how other systems send instances that still hold identifiers. The server
 * de-identifies them; what was stored has no address before a person approved what became of it.
 */
import { z } from 'zod'
import { bytes, operation } from '../operation.ts'
import { ProjectKey, Uid } from '../primitives.ts'

const none = z.object({})
const project = z.object({ projectKey: ProjectKey })
const study = z.object({ study: Uid })
const inProject = { kind: 'project', scope: 'project', roles: ['data-manager'] } as const

const store = {
  method: 'POST',
  tag: 'dicomweb',
  query: none,
  body: bytes('multipart/related'),
  output: bytes('application/dicom+json'),
  audit: 'service',
} as const
const errors = ['UNSUPPORTED_MEDIA_TYPE', 'NOT_ACCEPTABLE', 'TOO_LARGE', 'STORAGE_FULL'] as const

export const storeInstances = operation({
  ...store,
  path: '/dicomweb/studies',
  summary: 'STOW-RS: to the only project whose data manager one is (PS3.18 10.5)',
  access: { kind: 'signed-in' },
  params: none,
  errors: [...errors, 'PROJECT_NOT_NAMED'],
})

export const storeInstancesOfStudy = operation({
  ...store,
  path: '/dicomweb/studies/:study',
  summary: 'STOW-RS: instances of one study, to the only project whose data manager one is',
  access: { kind: 'signed-in' },
  params: study,
  errors: [...errors, 'PROJECT_NOT_NAMED'],
})

export const storeInstancesInProject = operation({
  ...store,
  path: '/dicomweb/projects/:projectKey/studies',
  summary: 'STOW-RS: to the project',
  access: inProject,
  params: project,
  errors,
})

export const storeInstancesOfStudyInProject = operation({
  ...store,
  path: '/dicomweb/projects/:projectKey/studies/:study',
  summary: 'STOW-RS: instances of one study, to the project',
  access: inProject,
  params: project.extend({ study: Uid }),
  errors,
})
