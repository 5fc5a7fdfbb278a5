/**
 * The one table of how a case moves. Pure: what happened in, what follows out.
 *
 * annotate → review-1 → review-2 → accepted. A return from either review leads back to annotate;
 * corrected work passes both reviews again, by the same readers.
 */
import type { Stage, TaskKind } from '@pandok/contract'

export type WorkEvent =
  | { readonly kind: 'submitted' }
  | { readonly kind: 'verdict'; readonly verdict: 'accept' | 'return' }

export interface Move {
  readonly stage: Stage
  /** The task that becomes open: for its reader of earlier rounds, else for anybody allowed. */
  readonly open: { readonly kind: TaskKind; readonly status: 'ready' | 'returned' } | undefined
}

const ACCEPTED: Readonly<Record<'review-1' | 'review-2', Move>> = {
  'review-1': { stage: 'review-2', open: { kind: 'review-2', status: 'ready' } },
  'review-2': { stage: 'accepted', open: undefined },
}
const SUBMITTED: Move = { stage: 'review-1', open: { kind: 'review-1', status: 'ready' } }
const RETURNED: Move = { stage: 'annotate', open: { kind: 'annotate', status: 'returned' } }

/** undefined: the event does not fit a task of this kind. */
export function moveOf(kind: TaskKind, event: WorkEvent): Move | undefined {
  if (event.kind === 'submitted') return kind === 'annotate' ? SUBMITTED : undefined
  if (kind === 'annotate') return undefined
  return event.verdict === 'accept' ? ACCEPTED[kind] : RETURNED
}
