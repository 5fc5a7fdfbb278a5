/**
 * Orthanc (Debian: orthanc) on loopback with a storage of its own. It anonymises what it stores, so
 * the files are handed over before; only the way out is measured, which is in its favour.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../support/free-port.ts'

const ORTHANC = '/usr/sbin/Orthanc'
const AT_ONCE = 4

export const isOrthancThere = existsSync(ORTHANC)

export interface Orthanc {
  /** Anonymises every instance into files of `out`; gives the seconds. */
  readonly anonymize: (out: string) => Promise<number>
  readonly stop: () => Promise<void>
}

/** `folder` is its own; `input`: the files that it is given. */
export async function startOrthanc(folder: string, input: string): Promise<Orthanc> {
  const port = await freePorts(1)
  await mkdir(folder)
  const config = join(folder, 'orthanc.json')
  const settings = {
    HttpPort: port,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    DicomServerEnabled: false,
    StorageDirectory: join(folder, 'storage'),
    Plugins: [],
  }
  await writeFile(config, JSON.stringify(settings))
  const server = spawn(ORTHANC, [config], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGTERM')
    await ended
  }
  try {
    await untilReady(url)
    const ids: string[] = []
    for (const name of await readdir(input)) {
      const body = await readFile(join(input, name))
      const stored = (await (await post(`${url}/instances`, body)).json()) as { ID: string }
      ids.push(stored.ID)
    }
    return { anonymize: (out) => anonymizeAll(url, ids, out), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function anonymizeAll(url: string, ids: readonly string[], out: string): Promise<number> {
  await mkdir(out)
  const start = performance.now()
  const left = [...ids]
  const work = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const answer = await post(`${url}/instances/${id}/anonymize`, '{}')
      await writeFile(join(out, `${id}.dcm`), Buffer.from(await answer.arrayBuffer()))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return (performance.now() - start) / 1000
}

async function untilReady(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isUp = await fetch(`${url}/system`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isUp) return
    await sleep(100)
  }
  throw new Error('Orthanc does not start')
}

async function post(url: string, body: BodyInit): Promise<Response> {
  const answer = await fetch(url, { method: 'POST', body })
  if (!answer.ok) throw new Error(`Orthanc answered ${answer.status}`)
  return answer
}
