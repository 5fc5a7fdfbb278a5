/**
 * `npm run dev`: the same installation in `.pandok-dev/`, the page from Vite's development server
 * (reload on change), API and worker restarted by Node when their sources change.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT, startInstallation } from './installation.ts'

const API_PORT = 8142
const PAGE_PORT = 5173

const installation = await startInstallation({
  data: join(ROOT, '.pandok-dev'),
  host: '127.0.0.1',
  port: API_PORT,
  publicUrl: `http://127.0.0.1:${PAGE_PORT}`,
  isDemonstration: true,
  isWatched: true,
  viewerDirectory: undefined,
  env: process.env,
  say: (line) => process.stderr.write(`  · ${line}\n`),
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
process.stdout.write(`\nAccounts: ${join(ROOT, '.pandok-dev', 'demo.json')}\n`)
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
