/** Orthanc (Debian: orthanc, orthanc-dicomweb) on loopback, as an archive that sends what it holds. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from './free-port.ts'

const ORTHANC = '/usr/sbin/Orthanc'
const DICOMWEB = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'

export const isOrthancThere = existsSync(ORTHANC) && existsSync(DICOMWEB)

export interface Orthanc {
  readonly url: string
  /** The ids it gives them. */
  readonly take: (files: readonly Uint8Array[]) => Promise<string[]>
  /** A request to its own API; its answer as text. */
  readonly call: (method: string, path: string, body?: string) => Promise<string>
  readonly stop: () => Promise<void>
}

/** `settings`: of its configuration file, over ours. */
export async function startOrthanc(
  folder: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Orthanc> {
  const port = Number(settings['HttpPort'] ?? (await freePorts(1)))
  await mkdir(folder, { recursive: true })
  const config = join(folder, 'orthanc.json')
  await writeFile(
    config,
    JSON.stringify({
      HttpPort: port,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      DicomServerEnabled: false,
      DicomAet: 'ORTHANC',
      StorageDirectory: join(folder, 'storage'),
      IndexDirectory: join(folder, 'storage'),
      Plugins: [DICOMWEB],
      ...settings,
    }),
  )
  const server = spawn(ORTHANC, [config], {
    stdio: 'ignore',
    // Without it both sides of an association wait for each other's packets.
    env: { PATH: '/usr/sbin:/usr/bin:/bin', TCP_NODELAY: '1' },
  })
  const url = `http://127.0.0.1:${port}`
  const call = async (method: string, path: string, body?: BodyInit): Promise<string> => {
    const answer = await fetch(url + path, { method, ...(body === undefined ? {} : { body }) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`Orthanc answered ${answer.status}: ${text.slice(0, 500)}`)
    return text
  }
  const stop = async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGTERM')
    await ended
  }
  for (let tries = 0; ; tries++) {
    const isUp = await call('GET', '/system').then(
      () => true,
      () => false,
    )
    if (isUp) break
    if (tries === 200) {
      await stop()
      throw new Error('Orthanc does not start')
    }
    await sleep(100)
  }
  return {
    url,
    take: async (files) => {
      const ids: string[] = []
      for (const bytes of files) {
        const { ID } = JSON.parse(await call('POST', '/instances', bytes.slice())) as { ID: string }
        ids.push(ID)
      }
      return ids
    },
    call,
    stop,
  }
}
