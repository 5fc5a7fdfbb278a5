import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const LOCK = '{"packages":{"":{},"node_modules/thing":{"version":"1.2.3"}}}'
const ENTRY = 'test/run.ts'
let root: string

/** A project of the launcher's own, with one program that tells how it was called. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pandok-bootstrap-'))
  for (const folder of ['deploy/local', 'test', 'node_modules/.bin', 'bin']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  cpSync(join(import.meta.dirname, 'bootstrap.mjs'), join(root, 'deploy/local/bootstrap.mjs'))
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  writeFileSync(join(root, 'package-lock.json'), LOCK)
  program('console.log(JSON.stringify(process.argv.slice(2))); process.exit(7)')
  // Stands for npm: notes its arguments and installs what the lock says.
  writeFileSync(
    join(root, 'bin/npm'),
    `#!/bin/sh\necho "$@" >> "${root}/npm-calls"\nexit \${NPM_STATUS:-0}\n`,
    { mode: 0o755 },
  )
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

test('what is missing is installed from the lock file, once', () => {
  expect(bootstrap(['test', '--a', 'b c']).stdout).toBe('["--a","b c"]\n')
  expect(npmCalls()).toEqual([expect.stringMatching(/^ci /)])
  bootstrap(['test'])
  expect(npmCalls()).toHaveLength(1)
  writeFileSync(join(root, 'package-lock.json'), LOCK.replace('1.2.3', '1.2.4'))
  bootstrap(['test'])
  expect(npmCalls()).toHaveLength(2)
})

test.each([
  ['the same versions', '1.2.3', 0],
  ['another version', '1.2.2', 1],
])('after a plain `npm ci` with %s', (_what, version, calls) => {
  writeFileSync(
    join(root, 'node_modules/.package-lock.json'),
    JSON.stringify({ packages: { 'node_modules/thing': { version } } }),
  )
  bootstrap(['test'])
  expect(npmCalls()).toHaveLength(calls)
})

test('a failed installation ends in one sentence and is tried again', () => {
  const failed = bootstrap(['test'], { NPM_STATUS: '1' })
  expect(failed.status).toBe(1)
  expect(failed.stderr).toContain('pandok: installing the packages failed; see the lines above\n')
  expect(existsSync(join(root, 'node_modules/.pandok-lock'))).toBe(false)
  expect(bootstrap(['test']).status).toBe(7)
  expect(npmCalls()).toHaveLength(2)
})

test('the exit code and a signal pass through', () => {
  installed()
  expect(bootstrap(['test']).status).toBe(7)
  program(`process.on('SIGTERM', () => { console.log('told'); process.exit(0) })
    setTimeout(() => process.kill(process.ppid, 'SIGTERM'), 50)
    setTimeout(() => undefined, 20_000)`)
  const { status, stdout } = bootstrap(['test'])
  expect([status, stdout]).toEqual([0, 'told\n'])
})

test('an unknown command names those there are', () => {
  const { status, stderr } = bootstrap(['strat'])
  expect(status).toBe(1)
  expect(stderr).toBe(
    'pandok: unknown command; use one of start, dev, test, phantom, bench, fuzz, faults, cli\n',
  )
})

const program = (source: string) => {
  writeFileSync(join(root, ENTRY), source)
}

const installed = () => {
  const stamp = createHash('sha256').update(LOCK).digest('hex')
  writeFileSync(join(root, 'node_modules/.pandok-lock'), stamp)
}

const npmCalls = () =>
  existsSync(join(root, 'npm-calls'))
    ? readFileSync(join(root, 'npm-calls'), 'utf8').trim().split('\n')
    : []

function bootstrap(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [join(root, 'deploy/local/bootstrap.mjs'), ...args], {
    encoding: 'utf8',
    timeout: 15_000,
    env: { PATH: `${join(root, 'bin')}:/usr/bin:/bin`, ...env },
  })
}
