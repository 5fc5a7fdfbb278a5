/** Frames and whole instances per second: ours, ours behind nginx, nginx alone, Orthanc; the same CT. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getBytes, readDicom } from '@pandok/anonymizer/dicom'
import { makePhantom } from '../phantom/index.ts'
import { isOrthancThere, startOrthanc } from '../support/orthanc.ts'
import { hasNginx, load, SECONDS, say, startArchive, startNginx } from './archive-setup.ts'

const SLICES = 60
const OCTETS = 'application/octet-stream; transfer-syntax=*'
const MULTIPART = 'multipart/related; type=application/octet-stream; transfer-syntax=*'

export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pandok-bench-'))
  const plain = await startArchive()
  const behind = await startArchive({ ACCEL_LOCATION: '/_blobs' })
  const files = makePhantom({ seed: 5, size: 512, slices: SLICES }).files.map(({ bytes }) => bytes)
  const stops: (() => Promise<void>)[] = [plain.stop, behind.stop]
  try {
    const statics = join(folder, 'static')
    await mkdir(statics)
    const paths: string[] = []
    for (const [at, bytes] of files.entries()) {
      const { path } = await plain.add(bytes)
      await behind.add(bytes)
      paths.push(path)
      await writeFile(join(statics, `${at}.dcm`), bytes)
      const pixels = getBytes(readDicom(bytes).dataSet, '7FE00010') ?? new Uint8Array()
      await writeFile(join(statics, `${at}.raw`), pixels)
    }
    const nginx = hasNginx
      ? await startNginx(join(folder, 'nginx'), {
          files: statics,
          blobs: join(behind.data, 'blobs'),
          upstream: behind.url,
        })
      : undefined
    if (nginx !== undefined) stops.push(nginx.stop)
    const orthanc = isOrthancThere ? await startOrthanc(join(folder, 'orthanc')) : undefined
    if (orthanc !== undefined) {
      stops.push(orthanc.stop)
      await orthanc.take(files)
    }
    const frames = paths.map((path) => `${path}/frames/1`)
    const bearer = (token: string, accept: string) => ({ authorization: `Bearer ${token}`, accept })
    const withPrefix = (prefix: string, all: readonly string[]) => all.map((each) => prefix + each)
    for (const connections of [6, 20]) {
      const rate = async (url: string, all: readonly string[], headers: Record<string, string>) => {
        await load(url, all, { connections: 2, seconds: SECONDS / 5, headers })
        return (await load(url, all, { connections, seconds: SECONDS, headers })).perSecond
      }
      const ours = withPrefix('/dicomweb', frames)
      const single = await rate(plain.url, ours, bearer(plain.token, OCTETS))
      const multi = await rate(plain.url, ours, bearer(plain.token, MULTIPART))
      const line = [`frames, ${connections} connections: ours ${single.toFixed(0)}/s`]
      line.push(`multipart ${multi.toFixed(0)}/s`)
      if (nginx !== undefined) {
        const static_ = await rate(
          nginx.url,
          files.map((_, at) => `/static/${at}.raw`),
          {},
        )
        line.push(`nginx static ${static_.toFixed(0)}/s (ratio ${(single / static_).toFixed(2)})`)
      }
      if (orthanc !== undefined) {
        const peer = await rate(orthanc.url, withPrefix('/dicom-web', frames), {
          accept: MULTIPART,
        })
        line.push(`Orthanc ${peer.toFixed(0)}/s (ratio ${(single / peer).toFixed(2)})`)
      }
      say(line.join(', '))
      if (nginx === undefined) continue
      const instances = withPrefix('/dicomweb', paths)
      const accel = await rate(
        nginx.url,
        instances,
        bearer(behind.token, 'application/dicom; transfer-syntax=*'),
      )
      const whole = await rate(
        nginx.url,
        files.map((_, at) => `/static/${at}.dcm`),
        {},
      )
      say(
        `instances, ${connections} connections: X-Accel through nginx ${accel.toFixed(0)}/s, ` +
          `nginx static ${whole.toFixed(0)}/s (ratio ${(accel / whole).toFixed(2)})`,
      )
    }
  } finally {
    for (const stop of stops) await stop()
    await rm(folder, { recursive: true, force: true })
  }
}
