/** Which role takes which kind of task. */
import type { Role, TaskKind } from '@pandok/contract'

export const ROLE_OF_KIND: Readonly<Record<TaskKind, Role>> = {
  annotate: 'labeler',
  'review-1': 'reviewer',
  'review-2': 'second-reviewer',
}
