import type { Handlers } from '../platform/http/handler.ts'
import { HISTOLOGIES } from './histologies.ts'
import type { OutcomeService } from './service.ts'

export function outcomeRoutes(
  outcomes: OutcomeService,
): Pick<
  Handlers,
  'listHistologies' | 'getOutcome' | 'getOutcomeEntry' | 'checkOutcome' | 'putOutcome'
> {
  return {
    listHistologies: () => Promise.resolve({ items: [...HISTOLOGIES] }),
    getOutcome: ({ params }) => outcomes.get(params.caseId),
    getOutcomeEntry: ({ params }) => outcomes.getEntry(params.caseId),
    checkOutcome: ({ body }) => Promise.resolve(outcomes.check(body.values)),
    putOutcome: ({ actor, params, body }) => outcomes.put(actor, params.caseId, body),
  }
}
