/** Projects: their names, label schema and pseudonym format. */
import { PandokError, type Project } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { Database, Transaction } from '../platform/database.ts'
import { LUNG_TUMOUR_SEGMENTS } from './lung-tumour-segments.ts'
import * as store from './store.ts'

export interface ProjectDependencies {
  readonly db: Database
  /** Makes the project's key and its first profile; they exist from the first moment. */
  readonly prepareDeidentification: (tx: Transaction, projectId: string) => Promise<void>
}

export function createProjectService({ db, prepareDeidentification }: ProjectDependencies) {
  return {
    byKey: (key: string) => store.projectByKey(db, key),
    byId: (id: string) => store.projectById(db, id),
    list: () => store.allProjects(db),
    create: (
      actorId: string | null,
      project: Omit<Project, 'segments'> & { segments?: Project['segments'] | undefined },
    ) =>
      db.transaction(async (tx) => {
        const segments = project.segments ?? LUNG_TUMOUR_SEGMENTS
        const row = await store.insertProject(tx, { ...project, segments })
        if (row === undefined) throw new PandokError('PROJECT_EXISTS')
        await prepareDeidentification(tx, row.id)
        await recordAudit(tx, {
          actorId,
          projectId: row.id,
          action: 'createProject',
          objectKind: 'project',
          objectId: row.id,
        })
        return row
      }),
  }
}

export type ProjectService = ReturnType<typeof createProjectService>
