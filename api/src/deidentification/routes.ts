import type { Handlers } from '../platform/http/handler.ts'
import type { DeidentificationService } from './service.ts'

export function deidentificationRoutes(
  deidentification: DeidentificationService,
): Pick<Handlers, 'getDeidentificationKey'> {
  return { getDeidentificationKey: ({ project }) => deidentification.keyFor(project.id) }
}
