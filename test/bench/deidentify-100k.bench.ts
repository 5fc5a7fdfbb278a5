/** Memory of the command over 10,000, 50,000 and 100,000 small files: it must not grow with them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeFiles } from './make-files.ts'
import { HEADERS_ONLY, ours, timed } from './timed.ts'

/** Only when it is asked for by its name: it takes minutes. */
export const isSlow = true

export async function run(): Promise<void> {
  // The first run after a change of the sources makes the command's bundle, which takes more than any run.
  for (const files of [100, 10_000, 50_000, 100_000]) {
    const folder = await mkdtemp(join(tmpdir(), 'pandok-bench-'))
    try {
      await writeFile(join(folder, 'profile.yaml'), HEADERS_ONLY)
      await makeFiles(join(folder, 'in'), { files, size: 64 })
      const { seconds, peakMib } = await timed(ours(2), folder, files)
      process.stdout.write(
        `${files} files: ${seconds.toFixed(0)} s, largest process ${peakMib.toFixed(0)} MiB\n`,
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}
