/** Seconds of a shell command from the folder `$IN` to the folder `$OUT`, beside those of `cp`. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { watchMemory } from '../support/peak-memory.ts'

export interface Timed {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Of its largest process. */
  readonly peakMib: number
}

export const COPY = 'cp -r "$IN" "$OUT"'
const MAIN = join(import.meta.dirname, '../../deploy/cli/main.mjs')

/** The command, on headers alone: the other tools do not look at pixels either. `$PROFILE`: its file. */
export const ours = (jobs: number) =>
  `'${process.execPath}' '${MAIN}' deidentify "$IN" --out "$OUT" --key-file "$OUT.key" ` +
  `--profile "$PROFILE" --jobs ${jobs}`

export const HEADERS_ONLY = `name: headers-only
version: 1
options: [retain-modified-dates, clean-descriptors, clean-structured-content, clean-graphics,
  retain-patient-characteristics, retain-safe-private]
pixels: { unseen: keep }
faces: keep
`

/** Throws unless it writes that many `files`. The output is flushed and removed. */
export async function timed(command: string, folder: string, files: number): Promise<Timed> {
  const env = {
    ...process.env,
    IN: join(folder, 'in'),
    OUT: join(folder, 'out'),
    PROFILE: join(folder, 'profile.yaml'),
  }
  const child = spawn('bash', ['-c', `TIMEFORMAT='T %R %U %S'; time { ${command}; }`], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-10_000)
  })
  const memory = watchMemory(child.pid ?? 0)
  await once(child, 'close')
  memory.stop()
  const times = /T ([\d.]+) ([\d.]+) ([\d.]+)\s*$/.exec(said)
  if (times === null || child.exitCode !== 0) throw new Error(`the command failed: ${command}`)
  const found = execFileSync('bash', ['-c', 'find "$OUT" -name "*.dcm" -size +4k | wc -l'], { env })
  if (Number(found.toString()) < files) throw new Error(`not all files were written: ${command}`)
  clear(folder)
  const [, seconds = '0', user = '0', system = '0'] = times
  return {
    seconds: Number(seconds),
    cpuSeconds: Number(user) + Number(system),
    peakMib: memory.largestMib(),
  }
}

export function clear(folder: string): void {
  const env = { ...process.env, OUT: join(folder, 'out') }
  execFileSync('bash', ['-c', 'rm -rf "$OUT" "$OUT".key*; sync'], { env })
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
