import type { Handlers } from '../../platform/http/handler.ts'
import type { Evidence } from './evidence.ts'
import type { Ledger } from './ledger.ts'

export function ledgerRoutes(
  ledger: Ledger,
  evidence: Evidence,
): Pick<
  Handlers,
  | 'getProcessingTerms'
  | 'setProcessingTerms'
  | 'listLedger'
  | 'verifyLedger'
  | 'listCopies'
  | 'recordCopy'
  | 'recordDestruction'
  | 'getEvidencePack'
> {
  return {
    getProcessingTerms: ({ project }) => ledger.terms(project.id),
    setProcessingTerms: ({ actor, project, body }) => ledger.setTerms(actor, project.id, body),
    listLedger: ({ project, query }) => ledger.list(project.id, query),
    verifyLedger: ({ project }) => ledger.verify(project.id),
    listCopies: async ({ project, query }) => ({
      items: await ledger.copies(project.id, query.state),
    }),
    recordCopy: ({ actor, project, body }) => ledger.recordCopy(actor, project.id, body),
    recordDestruction: ({ actor, project, params, body }) =>
      ledger.recordDestruction(actor, project.id, params.copyId, body),
    getEvidencePack: ({ project }) => evidence.pack(project.id, project.key),
  }
}
