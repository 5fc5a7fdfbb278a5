/** Looks through every output of a run in child processes; one that dies costs the file it was at. */
import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { askChild } from './ask-child.ts'
import type { EvidenceAnswer, EvidenceSettings, SampleRow } from './evidence-child.ts'
import { FORMS, type RawFindings, total } from './raw-scan.ts'

const CHILD = fileURLToPath(new URL('./evidence-child.ts', import.meta.url))
const MAX_HEAP_MIB = 1024
const TIMEOUT_MS = 120_000
const MAX_LANES = 8

export interface Residual {
  readonly files: number
  readonly withFindings: number
  /** What contradicts the profile, by code: how many files. */
  readonly codes: Readonly<Record<string, number>>
  /** Sums over all files. */
  readonly raw: RawFindings
}

export interface Sampled {
  readonly output: string
  readonly rows: readonly SampleRow[]
}

/** `paths`: absolute; `sampled`: those whose headers are wanted. */
export async function scanOutputs(
  outputs: readonly { readonly path: string; readonly name: string }[],
  sampled: ReadonlySet<string>,
  settings: EvidenceSettings,
): Promise<{ residual: Residual; samples: Sampled[] }> {
  const codes: Record<string, number> = {}
  const sums = { email: 0, residentNumber: 0, phone: 0, inflated: 0 }
  const listed = { plain: 0, utf16: 0, base64: 0, hex: 0 }
  const samples: Sampled[] = []
  let withFindings = 0
  const left = outputs.values()
  const lane = async (): Promise<void> => {
    let child: ChildProcess | undefined
    try {
      for (const { path, name } of left) {
        child ??= start(settings)
        const isSample = sampled.has(path)
        const reply = await askChild(child, { path, isSample }, TIMEOUT_MS)
        if (reply.kind === 'answered') {
          add(name, isSample, reply.message as EvidenceAnswer)
          continue
        }
        child.kill('SIGKILL')
        child = undefined
        countCodes([reply.kind === 'crashed' ? 'CHECK_CRASHED' : 'CHECK_TIMEOUT'])
        withFindings++
      }
    } finally {
      child?.kill('SIGKILL')
    }
  }
  const countCodes = (each: readonly string[]) => {
    for (const code of new Set(each)) codes[code] = (codes[code] ?? 0) + 1
  }
  const add = (output: string, isSample: boolean, answer: EvidenceAnswer) => {
    countCodes(answer.codes)
    for (const each of ['email', 'residentNumber', 'phone', 'inflated'] as const) {
      sums[each] += answer.raw[each]
    }
    for (const form of FORMS) listed[form] += answer.raw.listed[form]
    if (answer.codes.length > 0 || total(answer.raw) > 0) withFindings++
    if (isSample) samples.push({ output, rows: answer.sample })
  }
  const lanes = Math.min(availableParallelism(), MAX_LANES, outputs.length)
  await Promise.all(Array.from({ length: lanes }, lane))
  samples.sort((a, b) => (a.output < b.output ? -1 : 1))
  const raw = { ...sums, listed }
  return { residual: { files: outputs.length, withFindings, codes, raw }, samples }
}

function start(settings: EvidenceSettings): ChildProcess {
  const child = fork(CHILD, {
    execArgv: [`--max-old-space-size=${MAX_HEAP_MIB}`],
    // No secrets in its environment, nothing of its console in our logs.
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  })
  child.send(settings)
  return child
}
