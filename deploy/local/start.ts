/** `npm start [-- --data DIR --port N --host H --no-demo]`: everything, on this computer. */
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { hasDemonstration, type Installation, ROOT, startInstallation } from './installation.ts'
import { seedPhantoms } from './seed-phantoms.ts'
import { buildViewer } from './viewer-build.ts'

const USAGE = 'usage: npm start -- [--data DIR] [--port N] [--host ADDRESS] [--no-demo]'

const started = performance.now()
const say = (line: string) => process.stderr.write(`  · ${line}\n`)
const options = readOptions()
const unlock = await lock(options.data)
let installation: Installation | undefined
let isStopping = false

process.on('SIGINT', () => void stop(0))
process.on('SIGTERM', () => void stop(0))
process.on('SIGHUP', () => void stop(0))

try {
  const isFirst = !existsSync(join(options.data, 'secrets.json'))
  installation = await startInstallation({
    ...options,
    viewerDirectory: await buildViewer(say),
    env: process.env,
    say,
    onGiveUp: (message) => {
      process.stderr.write(`pandok: ${message}\n`)
      void stop(1)
    },
  })
  if (isFirst && options.isDemonstration && hasDemonstration(options.data)) {
    say('two phantom patients')
    await seedPhantoms(options.data)
  }
  await greet(installation)
} catch (error) {
  process.stderr.write(`pandok: ${error instanceof Error ? error.message : 'failed'}\n`)
  await stop(1)
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        data: { type: 'string', default: join(ROOT, '.pandok') },
        port: { type: 'string', default: '8042' },
        host: { type: 'string', default: '127.0.0.1' },
        'no-demo': { type: 'boolean', default: false },
      },
    })
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 1 || port > 65_533) throw new Error('--port is a number')
    return {
      data: resolve(values.data),
      port,
      host: values.host,
      isDemonstration: !values['no-demo'],
    }
  } catch (error) {
    process.stderr.write(`pandok: ${error instanceof Error ? error.message : ''}\n${USAGE}\n`)
    process.exit(2)
  }
}

/** One installation per data folder at a time. A lock whose holder is gone does not count. */
async function lock(data: string): Promise<() => Promise<void>> {
  await mkdir(data, { recursive: true, mode: 0o711 })
  const path = join(data, 'running.pid')
  const holder = await readFile(path, 'utf8').catch(() => '')
  if (holder !== '' && isRunning(Number(holder))) {
    process.stderr.write(`pandok: this data folder is in use by process ${holder.trim()}\n`)
    process.exit(1)
  }
  await rm(path, { force: true })
  const file = await open(path, 'wx', 0o600)
  await file.writeFile(String(process.pid))
  await file.close()
  return () => rm(path, { force: true })
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function greet({ url, newAccounts }: Installation): Promise<void> {
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const lines = [``, `Pandok 판독 is ready after ${seconds} s:  ${url}`, ``]
  if (hasDemonstration(options.data)) {
    const text = await readFile(join(options.data, 'demo.json'), 'utf8')
    const { users } = JSON.parse(text) as { users: { username: string; password: string }[] }
    lines.push('Demonstration accounts (user name, password):')
    for (const user of users) lines.push(`  ${user.username.padEnd(14)} ${user.password}`)
  } else if (newAccounts !== undefined) {
    for (const { account, password } of newAccounts) {
      lines.push(`First account, shown this once: ${account.username}  ${password}`)
    }
  }
  lines.push('', 'Ctrl-C stops it.', '')
  process.stdout.write(lines.join('\n'))
}

async function stop(code: number): Promise<void> {
  if (isStopping) return
  isStopping = true
  await installation?.stop()
  await unlock()
  process.exit(code)
}
