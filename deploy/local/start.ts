/** `npm start [-- --data DIR --port N --host H --no-demo]`: everything, on this computer. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { hasDemonstration, type Installation, ROOT, startInstallation } from './installation.ts'
import { lockFolder } from './lock.ts'
import { seedPhantomsOnce } from './seed-phantoms.ts'
import { buildViewer } from './viewer-build.ts'

const DemonstrationAccounts = z.object({
  users: z.array(
    z.object({ username: z.string(), password: z.string(), roles: z.array(z.string()) }),
  ),
})
const USAGE =
  'usage: npm start -- [--data DIR] [--port N] [--host ADDRESS] [--dicom-port N] [--no-demo]'

const started = performance.now()
const say = (line: string) => process.stderr.write(`  · ${line}\n`)
const options = readOptions()
const unlock = await lock(options.data)
let starting: Promise<Installation> | undefined
let isStopping = false

process.on('SIGINT', () => void stop(0))
process.on('SIGTERM', () => void stop(0))
process.on('SIGHUP', () => void stop(0))

try {
  const viewerDirectory = await buildViewer(say)
  starting = startInstallation({
    ...options,
    viewerDirectory,
    env: process.env,
    say,
    onGiveUp: (message) => {
      process.stderr.write(`pandok: ${message}\n`)
      void stop(1)
    },
  })
  const installation = await starting
  if (options.isDemonstration && hasDemonstration(options.data)) {
    await seedPhantomsOnce(options.data, say)
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
        'dicom-port': { type: 'string' },
        'no-demo': { type: 'boolean', default: false },
      },
    })
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 1 || port > 65_533) {
      throw new Error('--port must be a number from 1 to 65533')
    }
    const dicomPort = values['dicom-port'] === undefined ? undefined : Number(values['dicom-port'])
    if (dicomPort !== undefined && !(dicomPort >= 1 && dicomPort <= 65_535)) {
      throw new Error('--dicom-port must be a number from 1 to 65535')
    }
    return {
      data: resolve(values.data),
      port,
      dicomPort,
      host: values.host,
      isDemonstration: !values['no-demo'],
    }
  } catch (error) {
    process.stderr.write(`pandok: ${error instanceof Error ? error.message : ''}\n${USAGE}\n`)
    process.exit(2)
  }
}

async function lock(data: string): Promise<() => Promise<void>> {
  const answer = await lockFolder(data)
  if (answer.kind === 'held') return answer.release
  const holder = answer.holder === undefined ? '' : ` by process ${answer.holder}`
  process.stderr.write(`pandok: the data folder ${data} is in use${holder}\n`)
  process.exit(1)
}

async function greet({ url, newAccounts }: Installation): Promise<void> {
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const lines = [``, `Pandok 판독 is ready after ${seconds} s:  ${url}`, ``]
  if (hasDemonstration(options.data)) {
    const text = await readFile(join(options.data, 'demo.json'), 'utf8')
    const { users } = DemonstrationAccounts.parse(JSON.parse(text))
    lines.push(`  ${'user name'.padEnd(14)}${'password'.padEnd(22)}roles`)
    for (const { username, password, roles } of users) {
      lines.push(`  ${username.padEnd(14)}${password.padEnd(22)}${roles.join(', ')}`)
    }
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
  // What is half started is finished first: nothing stays behind.
  const installation = await starting?.catch(() => undefined)
  await installation?.stop()
  await unlock()
  process.exit(code)
}
