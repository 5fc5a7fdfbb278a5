/** A file larger than the memory that the command may take, as a hospital's multi-frame images are. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HEADERS_ONLY } from '../bench/timed.ts'
import { writeMultiFrame } from '../support/multi-frame.ts'
import { watchMemory } from '../support/peak-memory.ts'

const MAIN = join(import.meta.dirname, '../../deploy/cli/main.mjs')
const FRAMES = 800

test('a multi-frame file of 400 MB takes less than 200 MiB of memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pandok-large-'))
  try {
    await mkdir(join(folder, 'in'))
    const input = join(folder, 'in/large.dcm')
    const pixelBytes = await writeMultiFrame(input, FRAMES)
    const out = join(folder, 'out')
    // Headers alone: a detector that looks takes more than the file's own share.
    const profile = join(folder, 'profile.yaml')
    await writeFile(profile, HEADERS_ONLY)
    const child = spawn(
      process.execPath,
      [
        MAIN,
        'deidentify',
        join(folder, 'in'),
        '--out',
        out,
        '--key-file',
        join(folder, 'k'),
        '--profile',
        profile,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const memory = watchMemory(child.pid ?? 0)
    await once(child, 'exit')
    memory.stop()
    process.stdout.write(`large file: ${memory.largestMib().toFixed(0)} MiB at most\n`)
    expect(child.exitCode).toBe(0)
    expect(memory.largestMib()).toBeLessThan(200)
    const [name = ''] = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((each) =>
      each.endsWith('.dcm'),
    )
    expect(await digestOfLast(join(out, name), pixelBytes)).toBe(
      await digestOfLast(input, pixelBytes),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 120_000)

async function digestOfLast(path: string, bytes: number): Promise<string> {
  const file = await open(path)
  const { size } = await file.stat()
  await file.close()
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { start: size - bytes })) {
    hash.update(chunk as Buffer)
  }
  return hash.digest('hex')
}
