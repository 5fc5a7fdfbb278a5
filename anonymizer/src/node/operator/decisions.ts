/**
 * What waits for a person's eyes, and what the person decided: FILE.pixels.json beside the report.
 * Inputs are called by their ids; there is no value, no name and no picture in it.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as z from 'zod'
import { UsageError } from '../complaint.ts'

const Region = z.strictObject({
  left: z.int().min(0),
  top: z.int().min(0),
  width: z.int().min(1),
  height: z.int().min(1),
  frames: z.union([z.literal('all'), z.array(z.int().min(1))]),
})

const Decision = z.discriminatedUnion('kind', [
  /** Blank these and go on; none when there is nothing identifying. */
  z.strictObject({ kind: z.literal('blank'), regions: z.array(Region) }),
  z.strictObject({ kind: z.literal('leave-out') }),
])
export type Decision = z.infer<typeof Decision>

const WaitingInput = z.strictObject({
  input: z.string(),
  /** Keyed digest of the file: a decision holds for these bytes only. */
  content: z.string(),
  /** Series Instance UID as it will be written. */
  series: z.string(),
  instanceNumber: z.number().nullable(),
  frames: z.int().min(1),
  reason: z.enum(['burned-in', 'written-on', 'not-declared-free', 'text-found']),
  /** By the detector and by what is known of the device. */
  proposed: z.array(Region),
  decision: Decision.nullable(),
})
export type WaitingInput = z.infer<typeof WaitingInput>

/** What the page sends; `open` takes a decision back. */
export const DecideRequest = z.strictObject({
  inputs: z.array(z.string()).min(1).max(100_000),
  decision: z.union([Decision, z.strictObject({ kind: z.literal('open') })]),
})

const Decisions = z.strictObject({
  schema: z.literal('pandok-pixel-review-1'),
  inputs: z.array(WaitingInput),
})

export function decisionsPath(reportPath: string): string {
  return reportPath.replace(/\.json$/, '.pixels.json')
}

/** [] when there is no such file; UsageError when it is not one of ours. */
export function readDecisions(path: string): readonly WaitingInput[] {
  if (!existsSync(path)) return []
  try {
    return Decisions.parse(JSON.parse(readFileSync(path, 'utf8'))).inputs
  } catch {
    throw new UsageError(`${basename(path)} is no review of pixels; move it away to start anew`)
  }
}

/** Appears whole or not at all. */
export function writeDecisions(path: string, inputs: readonly WaitingInput[]): void {
  const part = join(dirname(path), `.${basename(path)}.part`)
  const file: z.infer<typeof Decisions> = { schema: 'pandok-pixel-review-1', inputs: [...inputs] }
  writeFileSync(part, `${JSON.stringify(file, null, 1)}\n`, { mode: 0o600 })
  renameSync(part, path)
}
