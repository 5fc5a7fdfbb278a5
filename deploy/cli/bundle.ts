/**
 * The de-identifying command as a few files of plain JavaScript: loading its two hundred modules one
 * by one takes longer than de-identifying some hundred images. Made from the sources whenever they
 * are others than before; they stay what is read, tested and run by everything else.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = join(import.meta.dirname, '../..')
const SOURCES = join(ROOT, 'anonymizer/src')
const CACHE = join(ROOT, 'node_modules/.cache/pandok')
/** The door and the processes that it starts. */
const ENTRIES = ['start', 'deidentify-child', 'text-child', 'operator/operator-child']
const DAY_MS = 24 * 60 * 60 * 1000

/** The door's file; the source's own where no bundle can be made or kept. */
export async function deidentifyDoor(): Promise<string> {
  const folder = join(CACHE, `deidentify-${digestOfSources()}`)
  const door = join(folder, 'start.mjs')
  if (existsSync(door)) return door
  try {
    await bundle(folder)
    return door
  } catch {
    // Installed without its tools, or where nothing may be written.
    return join(SOURCES, 'node/start.ts')
  }
}

/** By size and time of change: reading all would take as long as what is saved. */
function digestOfSources(): string {
  const hash = createHash('sha256')
  const add = (path: string) => {
    const { size, mtimeMs } = lstatSync(path)
    hash.update(`${path}\n${size} ${mtimeMs}\n`)
  }
  const names = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  for (const name of names.filter((each) => each.endsWith('.ts')).sort()) add(join(SOURCES, name))
  add(join(ROOT, 'package-lock.json'))
  add(import.meta.filename)
  return hash.digest('hex').slice(0, 16)
}

async function bundle(folder: string): Promise<void> {
  const { rolldown } = await import('rolldown')
  // Written apart and renamed: another run sees all of it or nothing.
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'making-'))
  try {
    const build = await rolldown({
      cwd: ROOT,
      platform: 'node',
      input: Object.fromEntries(
        ENTRIES.map((name) => [name.replace('/', '-'), join(SOURCES, 'node', `${name}.ts`)]),
      ),
      plugins: [{ name: 'own-places', resolveId: outside, transform: withOwnPlaces }],
      logLevel: 'silent',
    })
    await build.write({
      dir: made,
      format: 'es',
      // Named so that Node need not look into them for what they are.
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name]-[hash].mjs',
      minify: true,
    })
    await build.close()
    if (!existsSync(folder)) renameSync(made, folder)
    removeOlder()
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

/** Packages with machine code or WebAssembly stay where they are, and are found as from the source. */
function outside(specifier: string, importer: string | undefined) {
  if (importer === undefined || !/^(@cornerstonejs\/|onnxruntime-node)/.test(specifier)) return null
  const id = createRequire(importer).resolve(specifier)
  return { id, external: 'absolute' as const }
}

/** What a module finds beside itself is still there; the processes that it starts are in the bundle. */
function withOwnPlaces(code: string, id: string): string | null {
  if (!code.includes('import.meta')) return null
  const entries = ENTRIES.map((name) => join(SOURCES, 'node', `${name}.ts`))
  return code
    .replace(/new URL\('(\.\/[\w-]+\.ts)', import\.meta\.url\)/g, (whole, path: string) => {
      const at = entries.indexOf(join(dirname(id), path))
      const name = ENTRIES[at]?.replace('/', '-')
      return name === undefined ? whole : `new URL('./${name}.mjs', import.meta['url'])`
    })
    .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
    .replaceAll('import.meta.dirname', JSON.stringify(dirname(id)))
}

/** Bundles that no run uses any more. */
function removeOlder(): void {
  for (const name of readdirSync(CACHE).filter((each) => each.startsWith('deidentify-'))) {
    const path = join(CACHE, name)
    if (Date.now() - lstatSync(path).mtimeMs > DAY_MS) {
      rmSync(path, { recursive: true, force: true })
    }
  }
}
