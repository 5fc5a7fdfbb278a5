/** Builds the viewer when its sources changed since the last build. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './installation.ts'

const SOURCES = [
  'viewer/src',
  'viewer/index.html',
  'viewer/vite.config.ts',
  'api/contract/src',
  'anonymizer/src',
]

/** Resolves to the folder that holds index.html. */
export async function buildViewer(say: (line: string) => void): Promise<string> {
  const out = join(ROOT, 'viewer/dist')
  const stamp = join(out, '.sources')
  const wanted = await sourcesHash()
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted) return out
  say('building the viewer (once; under a minute)')
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js')
  const child = spawn(process.execPath, [vite, 'build', '--logLevel', 'error'], {
    cwd: join(ROOT, 'viewer'),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-4000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code !== 0) throw new Error(`building the viewer failed:\n${output}`)
  await writeFile(stamp, wanted)
  return out
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(ROOT, 'package-lock.json')))
  for (const source of SOURCES) {
    const path = join(ROOT, source)
    if (!existsSync(path)) continue
    const files = /\.\w+$/.test(source)
      ? [path]
      : (await readdir(path, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
    for (const file of files) hash.update(file.slice(ROOT.length)).update(await readFile(file))
  }
  return hash.digest('hex')
}
