/**
 * One run from the first input to the last outcome: clean all, look at samples of what claims to be
 * free of text, let a person decide where that is asked for, and clean again what the person saw.
 */

import type { Children } from './children.ts'
import type { Input } from './inputs.ts'
import type { Looker } from './look.ts'
import type { WaitingInput } from './operator/decisions.ts'
import type { WaitingFile } from './operator/review.ts'
import type { Held, Outcome, Placer } from './place.ts'
import { type RefusalCode, WAITING } from './refusal.ts'
import { createRunner } from './run.ts'

export interface BatchOptions {
  readonly inputs: AsyncIterable<Input>
  readonly children: Children
  readonly lanes: number
  readonly placer: Placer
  readonly looker: Looker
  readonly tell: (input: Input, outcome: Outcome) => void
  /** What was decided in an earlier run, by id of the input. */
  readonly decided: ReadonlyMap<string, WaitingInput>
  /** Asks a person; undefined: what waits is refused. */
  readonly review:
    | ((files: readonly WaitingFile[]) => Promise<ReadonlyMap<string, WaitingInput>>)
    | undefined
}

export async function runBatch(options: BatchOptions): Promise<void> {
  const { children, lanes, placer, looker, tell, decided, review } = options
  const held: Held[] = []
  const waiting: (WaitingFile & { readonly code: RefusalCode })[] = []
  const wait = (file: WaitingFile, code: RefusalCode) => {
    const isLeftOut = decided.get(file.input.id)?.decision?.kind === 'leave-out'
    if (isLeftOut) refuse(file.input, 'DEID_LEFT_OUT')
    else if (review === undefined) refuse(file.input, code)
    else waiting.push({ ...file, code })
  }
  const refuse = (input: Input, code: RefusalCode) => {
    tell(input, { kind: 'refused', code, other: undefined })
  }
  const runner = createRunner({ children, lanes, placer })
  await runner.run(withReviews(options.inputs, decided), {
    hold: (each) => held.push(each),
    tell: (input, outcome) => {
      const isWaiting = outcome.kind === 'refused' && WAITING.has(outcome.code)
      if (isWaiting) wait({ input, reason: undefined, found: [] }, outcome.code)
      else tell(input, outcome)
    },
  })
  const seen = await looker.look(held)
  for (const each of held) {
    const verdict = seen.get(each.input.id)
    if (verdict === undefined) {
      tell(each.input, placer.place(each))
      continue
    }
    placer.refuse(each, verdict.code)
    if (verdict.code !== 'DEID_TEXT_FOUND') refuse(each.input, verdict.code)
    else wait({ input: each.input, reason: 'text-found', found: verdict.regions }, verdict.code)
  }
  if (review === undefined || waiting.length === 0) return

  const decisions = await review(waiting)
  const reviewed: Input[] = []
  for (const { input, code } of waiting) {
    const decision = decisions.get(input.id)?.decision
    if (decision?.kind === 'blank') reviewed.push(input)
    else refuse(input, decision?.kind === 'leave-out' ? 'DEID_LEFT_OUT' : code)
  }
  await runner.run(withReviews(numbered(reviewed), decisions), {
    // Its bytes are others than those that the person saw.
    hold: (each) => tell(each.input, placer.refuse(each, 'DEID_TEXT_FOUND')),
    tell,
  })
}

async function* withReviews(
  inputs: AsyncIterable<Input> | Iterable<Input>,
  decisions: ReadonlyMap<string, WaitingInput>,
): AsyncGenerator<Input> {
  for await (const input of inputs) {
    const known = decisions.get(input.id)
    if (known?.decision?.kind !== 'blank') yield input
    else yield { ...input, review: { content: known.content, regions: known.decision.regions } }
  }
}

function* numbered(inputs: readonly Input[]): Generator<Input> {
  for (const [index, input] of inputs.entries()) yield { ...input, index }
}
