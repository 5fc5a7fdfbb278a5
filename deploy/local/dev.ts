/**
 * `npm run dev`: the same installation in `.pandok-dev/`, the page from Vite's development server
 * (reload on change), API and worker restarted by Node when their sources change.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT, startInstallation } from './installation.ts'
import { seedPhantomsOnce } from './seed-phantoms.ts'

const say = (line: string) => process.stderr.write(`  · ${line}\n`)
const API_PORT = 8142
const PAGE_PORT = 5173

const data = join(ROOT, '.pandok-dev')
const installation = await startInstallation({
  data,
  host: '127.0.0.1',
  port: API_PORT,
  publicUrl: `http://127.0.0.1:${PAGE_PORT}`,
  isDemonstration: true,
  isWatched: true,
  viewerDirectory: undefined,
  env: process.env,
  say,
  onGiveUp: (message) => process.stderr.write(`pandok: ${message}\n`),
})
const vite = spawn(
  process.execPath,
  [join(ROOT, 'node_modules/vite/bin/vite.js'), '--host', '127.0.0.1', '--port', String(PAGE_PORT)],
  {
    cwd: join(ROOT, 'viewer'),
    stdio: 'inherit',
    env: { ...process.env, PANDOK_API: `http://127.0.0.1:${API_PORT}` },
  },
)
process.stdout.write(`\nAccounts: ${join(data, 'demo.json')}\n`)
let isStopping = false
const stop = async () => {
  if (isStopping) return
  isStopping = true
  vite.kill()
  await installation.stop()
  process.exit(0)
}
process.on('SIGINT', () => void stop())
process.on('SIGTERM', () => void stop())
await answers(`http://127.0.0.1:${PAGE_PORT}/`)
await seedPhantomsOnce(data, say)

/** The page's server passes the API's answers on: it must be up before anybody calls. */
async function answers(address: string): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (
      await fetch(address)
        .then(({ ok }) => ok)
        .catch(() => false)
    )
      return
    await new Promise((wake) => setTimeout(wake, 200))
  }
  throw new Error('the development server did not start: its own lines above say why')
}
