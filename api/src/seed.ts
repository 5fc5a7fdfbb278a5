/**
 * Fills an empty installation from a file: a project, its persons and their roles. Everything goes
 * through the same services as by hand; what is there already stays as it is.
 */
import { Project, Role, Username } from '@pandok/contract'
import { z } from 'zod'
import type { App } from './app.ts'

export const SeedFile = z.object({
  project: Project.omit({ segments: true }).extend({ segments: Project.shape.segments.optional() }),
  persons: z.array(
    z.object({
      subject: z.string(),
      username: Username,
      displayName: z.string(),
      roles: z.array(Role),
    }),
  ),
})
export type SeedFile = z.infer<typeof SeedFile>

export async function seed(app: App, file: SeedFile): Promise<void> {
  const project =
    (await app.projects.byKey(file.project.key)) ?? (await app.projects.create(null, file.project))
  for (const person of file.persons) {
    const actor = await app.people.personOf({ ...person, isAdmin: false })
    const membership = await app.people.rolesOf(actor.id, project.id)
    if (person.roles.length > 0 && membership?.roles.length === 0) {
      await app.people.putMember(actor, project.id, person)
    }
  }
}
