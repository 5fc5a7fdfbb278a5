/**
 * `npm test`: makes sure that a browser and the outside judges are there, builds the viewer, runs
 * every test, and ends with one line `N passed, N failed`. Arguments select tests by path.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildViewer } from 'pandok/viewer-build'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '..')
/** Debian package → a file it brings. */
const WANTED: Readonly<Record<string, string>> = {
  chromium: '/usr/bin/chromium',
  dicom3tools: '/usr/bin/dciodvfy',
  dcm2niix: '/usr/bin/dcm2niix',
  dcmtk: '/usr/bin/dcmdump',
  'nginx-light': '/usr/sbin/nginx',
  orthanc: '/usr/sbin/Orthanc',
  'orthanc-dicomweb': '/usr/share/orthanc/plugins/libOrthancDicomWeb.so',
  'python3-pydicom': '/usr/lib/python3/dist-packages/pydicom',
  'python3-nibabel': '/usr/lib/python3/dist-packages/nibabel',
  // An S3-compatible store; without its packages of services, so that nothing starts by itself.
  'python3-swift': '/usr/lib/python3/dist-packages/swift',
  'fonts-noto-cjk': '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
}

/** What Debian asks before it starts a service that was just installed; 101: do not. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d'

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
})

try {
  installJudges()
  await buildViewer((line) => process.stdout.write(`· ${line}\n`))
  process.exitCode = await runTests(process.argv.slice(2))
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : 'failed'}\n`)
  process.stdout.write('0 passed, 1 failed\n')
  process.exitCode = 1
}

/** Where something stays missing, its tests are skipped; in CI that is a failure. */
function installJudges(): void {
  const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (canInstall) aptInstall(missingJudges())
  const missing = missingJudges()
  if (missing.length === 0) return
  const advice = `Install for all tests to run: sudo apt-get install ${missing.join(' ')}`
  if (isCi()) throw new Error(advice)
  process.stdout.write(`${advice}\n`)
}

function isCi(): boolean {
  return process.env['CI'] === 'true'
}

function missingJudges(): string[] {
  return Object.keys(WANTED).filter((name) => !existsSync(WANTED[name] ?? ''))
}

function aptInstall(missing: readonly string[]): void {
  if (missing.length === 0) return
  process.stdout.write(`· installing ${missing.join(', ')}\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]) =>
    spawnSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...args], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  // Orthanc and nginx would start by themselves, Orthanc on our own port.
  const isOurPolicy = !existsSync(SERVICE_POLICY)
  if (isOurPolicy) writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    apt('update')
    apt('install', '-y', '--no-install-recommends', ...missing)
  } finally {
    if (isOurPolicy) rmSync(SERVICE_POLICY)
  }
}

async function runTests(selected: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'pandok-report-'))
  try {
    const file = join(folder, 'report.json')
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
    const { status } = spawnSync(
      process.execPath,
      [
        vitest,
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${file}`,
        ...selected,
      ],
      { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
    )
    if (!existsSync(file)) {
      process.stdout.write('0 passed, 1 failed\n')
      return 1
    }
    const report = Report.parse(JSON.parse(readFileSync(file, 'utf8')))
    // A file that could not be loaded holds no test, but it is a failure all the same.
    const broken = report.testResults.filter(
      (each) => each.status === 'failed' && each.assertionResults.length === 0,
    ).length
    const passed = report.numPassedTests
    let failed = report.numFailedTests + broken
    if (failed === 0 && status !== 0) failed = 1
    const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : ''
    process.stdout.write(`${passed} passed, ${failed} failed${skipped}\n`)
    return failed > 0 || passed === 0 ? 1 : 0
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
