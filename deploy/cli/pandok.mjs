#!/usr/bin/env node
/**
 * `npx pandok …`, plain JavaScript: the command at once where it can run as things are, otherwise
 * handed over to deploy/local, which installs packages and finds the pinned Node.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const folder = dirname(realpathSync(process.argv[1]))
const OLDEST_NODE = 24
const [command] = process.argv.slice(2)
const root = join(folder, '../..')
const isNewEnough = Number(process.versions.node.split('.')[0]) >= OLDEST_NODE
// `phantom` is a program of its own there; everything else is a subcommand of main.ts.
const isReady = isNewEnough && command !== 'phantom' && isInstalled()
if (!isReady && command !== 'phantom') process.argv.splice(2, 0, 'cli')
const next = isReady ? 'main.mjs' : '../local/bootstrap.mjs'
await import(pathToFileURL(join(folder, next)))

/** Whether the packages are those of the lock file; the stamp is bootstrap's. */
function isInstalled() {
  const stamp = join(root, 'node_modules/.pandok-lock')
  if (!existsSync(stamp)) return false
  const lock = readFileSync(join(root, 'package-lock.json'))
  return readFileSync(stamp, 'utf8') === createHash('sha256').update(lock).digest('hex')
}
