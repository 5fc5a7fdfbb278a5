/** Who may send by DIMSE: a called AE title leads to a project, for the callers that it names. */
import { type InputOf, type Operations, PandokError } from '@pandok/contract'
import { recordAudit } from '../../platform/audit.ts'
import type { Database } from '../../platform/database.ts'
import type { Actor, Handlers } from '../../platform/http/handler.ts'
import type { Admission } from './association.ts'
import * as store from './receiver-store.ts'

export function createReceivers({ db }: { db: Database }) {
  return {
    list: async (projectId: string) => ({ items: await store.receiversOf(db, projectId) }),

    put: async (
      actor: Actor,
      projectId: string,
      aeTitle: string,
      { callingAeTitles, addresses = [] }: InputOf<Operations['putDicomReceiver']>['body'],
    ) => {
      await db.transaction(async (tx) => {
        const isPut = await store.putReceiver(tx, {
          projectId,
          aeTitle,
          callingAeTitles,
          addresses,
          personId: actor.id,
        })
        if (!isPut) throw new PandokError('CONFLICT', 'another project has this AE title')
        await recordAudit(tx, {
          actorId: actor.id,
          projectId,
          action: 'putDicomReceiver',
          objectKind: 'dicom-receiver',
          objectId: aeTitle,
          details: { callingAeTitles, addresses },
        })
      })
      const found = (await store.receiversOf(db, projectId)).find(
        (each) => each.aeTitle === aeTitle,
      )
      if (found === undefined) throw new PandokError('CONFLICT')
      return found
    },

    remove: async (actor: Actor, projectId: string, aeTitle: string) => {
      await db.transaction(async (tx) => {
        if (!(await store.removeReceiver(tx, projectId, aeTitle))) {
          throw new PandokError('NOT_FOUND')
        }
        await recordAudit(tx, {
          actorId: actor.id,
          projectId,
          action: 'removeDicomReceiver',
          objectKind: 'dicom-receiver',
          objectId: aeTitle,
        })
      })
      return { items: await store.receiversOf(db, projectId) }
    },

    admit: async (titles: {
      called: string
      calling: string
      address: string
    }): Promise<Admission> => {
      const found = await store.admissionOf(db, titles)
      if (found === undefined) return { kind: 'called-unknown' }
      const { projectId, personId, maySend } = found
      if (!maySend) return { kind: 'calling-unknown' }
      return {
        kind: 'admitted',
        sender: { projectId, source: 'dimse', sender: titles.calling, personId },
      }
    },
  }
}

export function receiverRoutes(
  receivers: ReturnType<typeof createReceivers>,
): Pick<Handlers, 'listDicomReceivers' | 'putDicomReceiver' | 'removeDicomReceiver'> {
  return {
    listDicomReceivers: ({ project }) => receivers.list(project.id),
    putDicomReceiver: ({ actor, project, params, body }) =>
      receivers.put(actor, project.id, params.aeTitle, body),
    removeDicomReceiver: ({ actor, project, params }) =>
      receivers.remove(actor, project.id, params.aeTitle),
  }
}
