/**
 * `npm run bench`: each case runs ours and a peer, or the physical limit, by turns in one process,
 * and prints the ratio of the medians. `npm run bench -- NAME` runs the files whose name holds NAME.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

export interface BenchCase {
  readonly name: string
  readonly ours: () => unknown
  /** What it is held against. */
  readonly peer: { readonly name: string; readonly run: () => unknown }
  readonly rounds: number
}

/** A file exports cases, or a `run` of its own for what is measured from outside. */
interface BenchFile {
  readonly cases?: readonly BenchCase[]
  readonly run?: () => Promise<void>
  /** It runs only when it is asked for by its whole name. */
  readonly isSlow?: boolean
}

const wanted = process.argv.slice(2)
const files = (await readdir(import.meta.dirname))
  .filter((name) => name.endsWith('.bench.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((each) => name.includes(each)))
for (const file of files) {
  const bench = (await import(join(import.meta.dirname, file))) as BenchFile
  if (bench.isSlow === true && !wanted.includes(file.replace('.bench.ts', ''))) continue
  for (const each of bench.cases ?? []) await run(each)
  await bench.run?.()
}

async function run({ name, ours, peer, rounds }: BenchCase): Promise<void> {
  const times = { ours: [] as number[], peer: [] as number[] }
  for (let round = -2; round < rounds; round++) {
    const a = await time(ours)
    const b = await time(peer.run)
    // The first two rounds warm up.
    if (round >= 0) {
      times.ours.push(a)
      times.peer.push(b)
    }
  }
  const [a, b] = [median(times.ours), median(times.peer)]
  process.stdout.write(
    `${name}: ${a.toFixed(2)} ms, ${peer.name} ${b.toFixed(2)} ms, ratio ${(a / b).toFixed(2)}\n`,
  )
}

async function time(work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
