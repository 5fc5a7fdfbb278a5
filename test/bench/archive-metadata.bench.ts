/** Metadata of a series of 300 instances: ours, and Orthanc's of the same files. */
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, get as httpGet } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makePhantom } from '../phantom/index.ts'
import { isOrthancThere, startOrthanc } from '../support/orthanc.ts'
import { medianMs, SECONDS, say, startArchive } from './archive-setup.ts'

const INSTANCES = 300

export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pandok-bench-'))
  const archive = await startArchive()
  const stops: (() => Promise<void>)[] = [archive.stop]
  try {
    const files = makePhantom({ seed: 6, size: 32, slices: INSTANCES }).files.map(
      ({ bytes }) => bytes,
    )
    let path = ''
    for (const bytes of files) ({ path } = await archive.add(bytes))
    const series = `${path.replace(/\/instances.*/, '')}/metadata`
    const count = async (url: string, headers: Record<string, string>) => {
      const list = (await (await fetch(url, { headers })).json()) as unknown[]
      if (list.length !== INSTANCES) throw new Error(`${list.length} instances`)
    }
    const headers = { authorization: `Bearer ${archive.token}`, accept: 'application/dicom+json' }
    const ours = `${archive.url}/dicomweb${series}`
    await count(ours, headers)
    // Until the last byte is there; what is compressed is not unpacked, on either side.
    const agent = new Agent({ keepAlive: true })
    const body = (url: string, more: Record<string, string>) =>
      new Promise<void>((resolve, reject) => {
        const options = { agent, headers: { ...more, 'accept-encoding': 'gzip' } }
        httpGet(url, options, (answer) => answer.resume().once('end', resolve)).once(
          'error',
          reject,
        )
      })
    const rounds = Math.max(10, SECONDS * 10)
    const own = await medianMs(rounds, () => body(ours, headers))
    const line = [`metadata of ${INSTANCES} instances: ours ${own.toFixed(1)} ms`]
    if (isOrthancThere) {
      const orthanc = await startOrthanc(join(folder, 'orthanc'))
      stops.push(orthanc.stop)
      await orthanc.take(files)
      const theirs = `${orthanc.url}/dicom-web${series}`
      const accept = { accept: 'application/dicom+json' }
      await count(theirs, accept)
      const peer = await medianMs(Math.ceil(rounds / 5), () => body(theirs, accept))
      line.push(`Orthanc ${peer.toFixed(1)} ms (${(peer / own).toFixed(0)} times as long)`)
    }
    say(line.join(', '))
  } finally {
    for (const stop of stops) await stop()
    await rm(folder, { recursive: true, force: true })
  }
}
