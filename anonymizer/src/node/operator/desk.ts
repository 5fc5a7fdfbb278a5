/**
 * What lies before the operator: inputs that wait, grouped by series. Decisions are handed on as
 * they are made.
 */

import type { Source } from '../inputs.ts'
import type { Decision, WaitingInput } from './decisions.ts'
import type { OperatorProcess } from './operator-process.ts'
import type { WaitingSeries } from './protocol.ts'
import type { OperatorDesk } from './server.ts'

export interface DeskEntry {
  readonly source: Source
  readonly waiting: Omit<WaitingInput, 'reason'> & { readonly reason: WaitingSeries['reason'] }
}

export function createDesk(options: {
  entries: readonly DeskEntry[]
  process: OperatorProcess
  decided: (input: string, decision: Decision | null) => void
}): OperatorDesk {
  const { ask } = options.process
  const sources = new Map(options.entries.map(({ source, waiting }) => [waiting.input, source]))
  const decisions = new Map(options.entries.map(({ waiting }) => [waiting.input, waiting.decision]))
  const groups = grouped(options.entries)
  return {
    series: () =>
      groups.map(({ instances, ...group }) => ({
        ...group,
        instances: instances.map(({ input, frames, proposed }) => ({
          input,
          frames,
          proposed,
          decision: decisions.get(input) ?? null,
        })),
      })),
    frame: async (input, frame) => {
      const source = sources.get(input)
      if (source === undefined) return undefined
      const answer = await ask({ kind: 'frame', source, frame })
      return answer.kind === 'frame' ? answer.picture : undefined
    },
    attributes: async (input) => {
      const source = sources.get(input)
      if (source === undefined) return []
      const answer = await ask({ kind: 'attributes', source })
      return answer.kind === 'attributes' ? answer.changes : []
    },
    decide: (inputs, decision) => {
      for (const input of inputs.filter((each) => sources.has(each))) {
        const taken = decision.kind === 'open' ? null : decision
        decisions.set(input, taken)
        options.decided(input, taken)
      }
    },
  }
}

/** Series in the order of their first input, instances by (0020,0013). */
function grouped(entries: readonly DeskEntry[]) {
  const groups = new Map<
    string,
    { series: string; reason: WaitingSeries['reason']; instances: DeskEntry['waiting'][] }
  >()
  for (const { waiting } of entries) {
    const { series, reason } = waiting
    const key = `${series} ${reason}`
    const group = groups.get(key) ?? { series, reason, instances: [] }
    group.instances.push(waiting)
    groups.set(key, group)
  }
  for (const { instances } of groups.values()) {
    instances.sort((a, b) => (a.instanceNumber ?? 0) - (b.instanceNumber ?? 0))
  }
  return [...groups.values()]
}
