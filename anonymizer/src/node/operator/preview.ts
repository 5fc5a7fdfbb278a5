/**
 * Before and after, on the operator's own screen only: pictures and attributes of the first inputs,
 * as they are and as they would be written. Nothing is written and nothing is to be decided.
 */
import type { Input } from '../inputs.ts'
import { createDesk, type DeskEntry } from './desk.ts'
import type { OperatorProcess } from './operator-process.ts'
import { startOperatorServer } from './server.ts'

export async function showPreview(options: {
  inputs: readonly Input[]
  process: OperatorProcess
  say: (text: string) => void
  signal: AbortSignal
}): Promise<void> {
  const { process, say, signal } = options
  const entries: DeskEntry[] = []
  for (const { id, source } of options.inputs) {
    const answer = await process.ask({ kind: 'inspect', source })
    if (answer.kind !== 'inspect') continue
    const { seriesInstanceUid, instanceNumber, numberOfFrames } = answer.inspection
    const waiting = {
      input: id,
      content: answer.content,
      series: seriesInstanceUid,
      instanceNumber: instanceNumber ?? null,
      frames: numberOfFrames,
      reason: 'preview' as const,
      proposed: [],
      decision: null,
    }
    entries.push({ source, waiting })
  }
  const desk = createDesk({ entries, process, decided: () => undefined })
  const server = await startOperatorServer(desk)
  try {
    say(`before and after, for your screen only: ${server.address}\n`)
    await Promise.race([server.done, aborted(signal)])
  } finally {
    server.close()
  }
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
