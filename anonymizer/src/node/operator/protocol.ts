/** What the operator's page and its server say to each other: types only, for the page loads no more. */

import type { PersonReason, Region } from '../../pixels/model.ts'

export interface WaitingInstance {
  readonly input: string
  readonly frames: number
  readonly proposed: readonly Region[]
  readonly decision:
    | { readonly kind: 'blank'; readonly regions: readonly Region[] }
    | { readonly kind: 'leave-out' }
    | null
}

export interface WaitingSeries {
  readonly series: string
  /** `preview`: nothing is to be decided. */
  readonly reason: PersonReason | 'text-found' | 'preview'
  readonly instances: readonly WaitingInstance[]
}
