/**
 * Serves the built viewer: files by name, and index.html for every page of its own routing.
 * Bundled files carry a hash in their name and may be kept for good.
 */
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { PandokError } from '@pandok/contract'
import type { Context, Next } from 'koa'

/** The files are listed once: an address can only ever name one of them. */
export function serveViewer(directory: string) {
  let files: Promise<Set<string>> | undefined
  return async (context: Context, _next: Next) => {
    if (context.method !== 'GET' && context.method !== 'HEAD') {
      throw new PandokError('METHOD_NOT_ALLOWED')
    }
    files ??= list(directory)
    const name = decodeURIComponent(context.path.slice(1))
    if ((await files).has(name)) {
      const path = join(directory, name)
      context.length = (await stat(path)).size
      context.type = name.slice(name.lastIndexOf('.'))
      context.set(
        'cache-control',
        name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      )
      context.body = createReadStream(path)
      return
    }
    if (/\.\w{1,5}$/.test(name)) throw new PandokError('NOT_FOUND')
    context.set('cache-control', 'no-cache')
    context.type = 'text/html; charset=utf-8'
    context.body = await readFile(join(directory, 'index.html'))
  }
}

async function list(directory: string): Promise<Set<string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return new Set(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/')),
  )
}
