/**
 * The first step of every command: plain JavaScript for whatever Node the machine has. Installs
 * the locked packages when they are missing, then runs the TypeScript entry on the pinned Node 24.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ENTRIES = {
  start: 'deploy/local/start.ts',
  dev: 'deploy/local/dev.ts',
  test: 'test/run.ts',
  phantom: 'test/phantom/cli.ts',
  bench: 'test/bench/run.ts',
  fuzz: 'test/fuzz/run.ts',
  faults: 'test/faults/run.ts',
  cli: 'deploy/cli/main.mjs',
}
const OLDEST_NODE = [20, 19]

const [command, ...args] = process.argv.slice(2)
const entry = ENTRIES[command]
if (entry === undefined) fail(`unknown command; use one of ${Object.keys(ENTRIES).join(', ')}`)
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  fail(`Node ${OLDEST_NODE.join('.')} or newer is needed; this is ${process.versions.node}`)
}
installPackages()
run(pinnedNode(), [join(ROOT, entry), ...args])

/** `npm ci` unless what is installed is what the lock file says. */
function installPackages() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'))
  const wanted = createHash('sha256').update(lock).digest('hex')
  const stamp = join(ROOT, 'node_modules', '.pandok-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  // After a plain `npm ci` npm leaves its own copy of the lock, newer than ours.
  const isInstalled = existsSync(join(ROOT, 'node_modules', '.package-lock.json'))
  if (!isInstalled || !hasSamePackages(lock)) {
    process.stderr.write('Installing packages (once; about a minute)…\n')
    const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: ROOT,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    })
    if (status !== 0) fail('installing the packages failed; see the lines above')
  }
  writeFileSync(stamp, wanted)
}

function hasSamePackages(lock) {
  const installed = JSON.parse(
    readFileSync(join(ROOT, 'node_modules', '.package-lock.json'), 'utf8'),
  ).packages
  return Object.entries(JSON.parse(lock.toString('utf8')).packages).every(
    ([path, { version, optional, link, peer }]) =>
      path === '' || optional || link || peer || !path.startsWith('node_modules/')
        ? true
        : installed[path]?.version === version,
  )
}

function pinnedNode() {
  const pinned = join(ROOT, `node_modules/node-${process.platform}-${process.arch}/bin/node`)
  if (existsSync(pinned)) {
    execFileSync(pinned, ['--version'])
    return pinned
  }
  if (major >= 24) return process.execPath
  return fail(`no pinned Node for ${process.platform}-${process.arch}: install Node 24`)
}

function run(node, argv) {
  const path = `${join(ROOT, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`
  const child = spawn(node, argv, { stdio: 'inherit', env: { ...process.env, PATH: path } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // The terminal sends Ctrl-C to the child too; a signal to us alone is passed on.
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
}

function fail(message) {
  process.stderr.write(`pandok: ${message}\n`)
  process.exit(1)
}
