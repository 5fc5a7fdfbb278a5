/** Persons, projects and who does what in which. */
import { z } from 'zod'
import { operation } from '../operation.ts'
import { CodedConcept, Id, ProjectKey, Role, Username } from '../primitives.ts'

const none = z.object({})
const project = z.object({ projectKey: ProjectKey })

export const Person = z.object({ id: Id, username: Username, displayName: z.string() })
export type Person = z.infer<typeof Person>

export const Membership = z.object({
  projectKey: ProjectKey,
  nameEn: z.string(),
  nameKo: z.string(),
  roles: z.array(Role),
})
export type Membership = z.infer<typeof Membership>

/** One label of the project's schema, coded (PS3.3 C.8.20.2: category, type, laterality). */
export const SegmentLabel = z.object({
  number: z.number().int().min(1).max(255),
  labelEn: z.string().max(64),
  labelKo: z.string().max(64),
  category: CodedConcept,
  type: CodedConcept,
  rgb: z.tuple([
    z.number().int().min(0).max(255),
    z.number().int().min(0).max(255),
    z.number().int().min(0).max(255),
  ]),
})
export type SegmentLabel = z.infer<typeof SegmentLabel>

export const PseudonymFormat = z.object({
  prefix: z.string().regex(/^[A-Z]{1,4}$/),
  digits: z.number().int().min(4).max(9),
})
export type PseudonymFormat = z.infer<typeof PseudonymFormat>

export const Project = z.object({
  key: ProjectKey,
  nameEn: z.string().min(1).max(120),
  nameKo: z.string().min(1).max(120),
  pseudonymFormat: PseudonymFormat,
  segments: z.array(SegmentLabel).min(1),
})
export type Project = z.infer<typeof Project>

export const getMe = operation({
  method: 'GET',
  path: '/api/me',
  summary: 'The signed-in person and their projects',
  tag: 'people',
  access: { kind: 'signed-in' },
  params: none,
  query: none,
  body: undefined,
  output: Person.extend({ isAdmin: z.boolean(), memberships: z.array(Membership) }),
  errors: [],
  audit: 'none',
})

export const createProject = operation({
  method: 'POST',
  path: '/api/projects',
  summary: 'Make a project; its de-identification key is made with it',
  tag: 'projects',
  access: { kind: 'admin' },
  params: none,
  query: none,
  body: Project.omit({ segments: true }).extend({ segments: Project.shape.segments.optional() }),
  output: Project,
  errors: ['PROJECT_EXISTS'],
  audit: 'service',
})

export const listProjects = operation({
  method: 'GET',
  path: '/api/projects',
  summary: 'All projects of the installation',
  tag: 'projects',
  access: { kind: 'admin' },
  params: none,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(Project) }),
  errors: [],
  audit: 'none',
})

export const getProject = operation({
  method: 'GET',
  path: '/api/projects/:projectKey',
  summary: 'A project and its label schema',
  tag: 'projects',
  access: { kind: 'project', scope: 'project', roles: 'any', admin: true },
  params: project,
  query: none,
  body: undefined,
  output: Project,
  errors: [],
  audit: 'none',
})

export const Member = Person.extend({ roles: z.array(Role) })

export const listMembers = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/members',
  summary: 'Who does what in the project',
  tag: 'people',
  access: { kind: 'project', scope: 'project', roles: ['manager', 'auditor'], admin: true },
  params: project,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(Member) }),
  errors: [],
  audit: 'none',
})

export const putMember = operation({
  method: 'PUT',
  path: '/api/projects/:projectKey/members/:username',
  summary: 'Set the roles of a person in the project; none removes them',
  tag: 'people',
  access: { kind: 'project', scope: 'project', roles: ['manager'], admin: true },
  params: project.extend({ username: Username }),
  query: none,
  body: z.object({ roles: z.array(Role) }),
  output: Member,
  errors: [],
  audit: 'service',
})
