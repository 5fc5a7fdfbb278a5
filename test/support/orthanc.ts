/** Orthanc (Debian: orthanc, orthanc-dicomweb) on loopback, with a storage of its own. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from './free-port.ts'
import { type OutsideServer, untilServing } from './outside-server.ts'

const ORTHANC = '/usr/sbin/Orthanc'
const DICOMWEB = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'
const AT_ONCE = 4

export const isOrthancThere = existsSync(ORTHANC) && existsSync(DICOMWEB)

export interface Orthanc extends OutsideServer {
  /** The ids it gives them, in their order. */
  readonly take: (files: Iterable<Uint8Array>) => Promise<string[]>
  /** A request to its own API. Throws unless it succeeds. */
  readonly call: (method: string, path: string, body?: BodyInit) => Promise<Buffer>
}

/** `settings`: of its configuration file, over ours; DICOMweb is at /dicom-web/. */
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
      // As its authors advise for many clients: it is a peer of benches too.
      HttpThreadsCount: 50,
      KeepAlive: true,
      TcpNoDelay: true,
      Plugins: [DICOMWEB],
      ...settings,
    }),
  )
  // Without TCP_NODELAY both sides of an association wait for each other's packets.
  const env = { PATH: '/usr/sbin:/usr/bin:/bin', TCP_NODELAY: '1' }
  const server = await untilServing(spawn(ORTHANC, [config], { stdio: 'ignore', env }), {
    url: `http://127.0.0.1:${port}`,
    probe: '/system',
  })
  const call = async (method: string, path: string, body?: BodyInit): Promise<Buffer> => {
    const request = { method, ...(body === undefined ? {} : { body }) }
    const answer = await fetch(server.url + path, request)
    const bytes = Buffer.from(await answer.arrayBuffer())
    if (answer.ok) return bytes
    throw new Error(`Orthanc answered ${answer.status}: ${bytes.toString().slice(0, 500)}`)
  }
  const takeOne = async (bytes: Uint8Array): Promise<string> => {
    const answer = await call('POST', '/instances', Buffer.from(bytes))
    return (JSON.parse(answer.toString()) as { ID: string }).ID
  }
  return {
    ...server,
    call,
    take: async (files) => {
      const ids: string[] = []
      const left = files[Symbol.iterator]()
      let count = 0
      const work = async () => {
        for (let next = left.next(); next.done !== true; next = left.next()) {
          const at = count++
          ids[at] = await takeOne(next.value)
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      return ids
    },
  }
}
