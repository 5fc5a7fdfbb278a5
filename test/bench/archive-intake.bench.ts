/**
 * `npm run bench -- archive-intake`: durable files a second by STOW-RS at 1 and 6 clients against
 * Orthanc's, and by C-STORE against dcmtk's storescp, in one run, one after the other, on loopback.
 * Needs Debian's orthanc, orthanc-dicomweb and dcmtk.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makePhantom } from '../phantom/index.ts'
import { run as runDcmtk } from '../support/dcmtk.ts'
import { freePorts } from '../support/free-port.ts'
import { startTestInstallation } from '../support/installation.ts'
import { isOrthancThere, startOrthanc } from '../support/orthanc.ts'
import { multipartBody, partOf } from '../support/stow.ts'
import { PROJECT, until } from '../support/workflow.ts'

/** 512 × 512 of 16 bits, as a CT slice is. */
const IMAGE = { size: 512 } as const
const FILES = Number(process.env['FILES'] ?? 240)
const ROUNDS = Number(process.env['ROUNDS'] ?? 3)

export async function run(): Promise<void> {
  if (!isOrthancThere || !existsSync('/usr/bin/storescp')) {
    process.stdout.write('archive-intake: sudo apt-get install orthanc orthanc-dicomweb dcmtk\n')
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'pandok-bench-intake-'))
  const pandok = await startTestInstallation({
    isReceiving: true,
    // Nothing is de-identified while it is measured.
    env: { UPLOAD_QUIET_SECONDS: '3600', LOG_LEVEL: 'error' },
  })
  const orthanc = await startOrthanc(join(folder, 'orthanc'))
  try {
    await pandok.as('manager').putDicomReceiver({
      params: { ...PROJECT, aeTitle: 'PANDOK' },
      body: { callingAeTitles: ['STORESCU'] },
    })
    const token = await pandok.tokenOf('data-manager')
    const ours = `${pandok.url}/dicomweb/projects/${PROJECT.projectKey}/studies`
    const theirs = `${orthanc.url}/dicom-web/studies`
    let seed = 1
    const fresh = (count: number) =>
      makePhantom({ ...IMAGE, seed: seed++, slices: count }).files.map(({ bytes }) => bytes)
    for (const clients of [1, 6]) {
      const rates = { ours: [] as number[], theirs: [] as number[] }
      for (let round = 0; round < ROUNDS; round++) {
        const files = fresh(FILES)
        rates.ours.push(await stowAll(ours, token, files, clients))
        rates.theirs.push(await stowAll(theirs, '', files, clients))
      }
      report(`STOW-RS, ${clients} clients`, 'Orthanc', rates)
    }
    const rates = { ours: [] as number[], theirs: [] as number[] }
    const storescp = await startStorescp(join(folder, 'storescp'))
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const place = join(folder, `sent-${round}`)
        await mkdir(place)
        for (const [at, bytes] of fresh(FILES).entries()) {
          await writeFile(join(place, `${at}.dcm`), bytes)
        }
        rates.ours.push(await storeAll(place, pandok.dicomPort, 'PANDOK'))
        rates.theirs.push(await storeAll(place, storescp.port, 'STORESCP'))
        await rm(place, { recursive: true })
      }
    } finally {
      await storescp.stop()
    }
    report('C-STORE, 1 association', 'storescp', rates)
  } finally {
    await orthanc.stop()
    await pandok.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Files a second; one file a request, `clients` requests at a time. */
async function stowAll(
  url: string,
  token: string,
  files: readonly Uint8Array[],
  clients: number,
): Promise<number> {
  const left = files.map((bytes) => multipartBody([partOf(bytes)]))
  // Of its own: connections that idled since the last time may be closed by now.
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const work = async () => {
    for (let each = left.pop(); each !== undefined; each = left.pop()) {
      const status = await post(url, agent, { token, ...each })
      if (status !== 200) throw new Error(`${url} answered ${status}`)
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: clients }, work))
  const seconds = (performance.now() - started) / 1000
  agent.destroy()
  return files.length / seconds
}

function post(
  url: string,
  agent: Agent,
  { token, type, body }: { token: string; type: string; body: Buffer },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/dicom+json',
      authorization: `Bearer ${token}`,
      'content-type': type,
      'content-length': body.length,
    }
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().once('end', () => {
        resolve(answer.statusCode ?? 0)
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

async function storeAll(place: string, port: number, called: string): Promise<number> {
  const started = performance.now()
  const { code } = await runDcmtk('storescu', [
    '+sd',
    '-aec',
    called,
    '127.0.0.1',
    String(port),
    place,
  ])
  if (code !== 0) throw new Error(`storescu to ${called} ended with ${code}`)
  return (FILES * 1000) / (performance.now() - started)
}

async function startStorescp(out: string) {
  await mkdir(out)
  const port = await freePorts(1)
  const server = spawn('/usr/bin/storescp', ['-od', out, '-aet', 'STORESCP', String(port)], {
    stdio: 'ignore',
    env: { PATH: '/usr/bin:/bin', TCP_NODELAY: '1' },
  })
  await until(
    () => runDcmtk('echoscu', ['-aec', 'STORESCP', '127.0.0.1', String(port)]),
    ({ code }) => code === 0,
  )
  return {
    port,
    stop: async () => {
      const ended = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGTERM')
      await ended
    },
  }
}

function report(name: string, peer: string, rates: { ours: number[]; theirs: number[] }): void {
  const [a, b] = [median(rates.ours), median(rates.theirs)]
  process.stdout.write(
    `${name}: ${a.toFixed(0)} files/s, ${peer} ${b.toFixed(0)} files/s, ratio ${(a / b).toFixed(2)}\n`,
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
