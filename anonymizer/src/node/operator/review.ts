/**
 * Lets a person decide on inputs that wait: finds out where text is, opens the page, keeps what is
 * decided in FILE.pixels.json at once, and returns when the person is done.
 */

import type { Region } from '../../pixels/model.ts'
import type { Input } from '../inputs.ts'
import { type Decision, decisionsPath, type WaitingInput, writeDecisions } from './decisions.ts'
import { createDesk, type DeskEntry } from './desk.ts'
import type { OperatorProcess } from './operator-process.ts'
import { aborted } from './preview.ts'
import { startOperatorServer } from './server.ts'

export interface WaitingFile {
  readonly input: Input
  readonly reason: WaitingInput['reason'] | undefined
  /** By the detector, when it looked already. */
  readonly found: readonly Region[]
}

export async function reviewPixels(options: {
  files: readonly WaitingFile[]
  /** Decisions of earlier runs, which stay. */
  earlier: ReadonlyMap<string, WaitingInput>
  process: OperatorProcess
  reportPath: string
  /** Where the detector sees text in the input; [] where it cannot look. */
  propose: (input: Input, frames: number) => Promise<readonly Region[]>
  say: (text: string) => void
  /** When it fires, what is decided until then holds. */
  signal: AbortSignal
}): Promise<ReadonlyMap<string, WaitingInput>> {
  const { process, reportPath, say, signal } = options
  const entries = new Map<string, DeskEntry & { waiting: WaitingInput }>()
  for (const file of options.files) {
    const waiting = await waitingInput(file, options)
    if (waiting !== undefined) entries.set(file.input.id, { source: file.input.source, waiting })
  }
  const save = () => {
    const all = new Map(options.earlier)
    for (const [input, { waiting }] of entries) all.set(input, waiting)
    writeDecisions(decisionsPath(reportPath), [...all.values()])
  }
  save()
  const desk = createDesk({
    entries: [...entries.values()],
    process,
    decided: (input: string, decision: Decision | null) => {
      const entry = entries.get(input)
      if (entry === undefined) return
      entries.set(input, { ...entry, waiting: { ...entry.waiting, decision } })
      save()
    },
  })
  const server = await startOperatorServer(desk)
  try {
    say(`${entries.size} images wait for your eyes: ${server.address}\n`)
    await Promise.race([server.done, aborted(signal)])
  } finally {
    server.close()
  }
  return new Map([...entries].map(([id, { waiting }]) => [id, waiting]))
}

/** undefined: it cannot be shown, so nobody can decide on it. */
async function waitingInput(
  { input, reason, found }: WaitingFile,
  {
    process,
    propose,
  }: {
    process: OperatorProcess
    propose: (input: Input, frames: number) => Promise<readonly Region[]>
  },
): Promise<WaitingInput | undefined> {
  const answer = await process.ask({ kind: 'inspect', source: input.source })
  if (answer.kind !== 'inspect') return undefined
  const { content, inspection } = answer
  const { plan, knownRegions, numberOfFrames, seriesInstanceUid, instanceNumber } = inspection
  const proposed = found.length > 0 ? found : await propose(input, numberOfFrames)
  return {
    input: input.id,
    content,
    series: seriesInstanceUid,
    instanceNumber: instanceNumber ?? null,
    frames: numberOfFrames,
    reason: reason ?? (plan.kind === 'person' ? plan.reason : 'text-found'),
    proposed: [...knownRegions, ...proposed].map((region) => ({
      ...region,
      frames: region.frames === 'all' ? 'all' : [...region.frames],
    })),
    decision: null,
  }
}
