/**
 * What the API holds does not depend on how much it gives: a study of 300 instances whole, as a zip, and
 * frame by frame, over many connections; thirty thousand frames in the long form.
 */
import { Agent, get } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import { type Archive, startArchive } from '../support/archive-installation.ts'
import { forgetPeak, peakMib, pidOf } from '../support/processes.ts'

const isLong = process.env['PANDOK_FAULTS'] === 'long'
const SLICES = 300
const FRAMES = isLong ? 30_000 : 3_000
const LANES = 12
/** What the API process may hold, whatever is asked for. */
const MAX_MIB = 300
const MIB = 1024 ** 2

let archive: Archive
const instances: string[] = []
const agent = new Agent({ keepAlive: true, maxSockets: LANES })

beforeAll(async () => {
  archive = await startArchive()
  const { files } = makePhantom({ seed: 8, size: 256, slices: SLICES })
  for (const { bytes } of files) instances.push((await archive.add(bytes)).path)
})
afterAll(async () => {
  agent.destroy()
  await archive.stop()
})

/** Bytes of the body; they go as they come. */
const give = (path: string, accept: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${archive.token}`, accept }
    get(`${archive.url}/dicomweb${path}`, { agent, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${path} answered ${answer.statusCode}`))
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      answer.once('error', reject).once('end', () => {
        resolve(bytes)
      })
    }).once('error', reject)
  })

test('memory stays flat while a study is given whole, as a zip, and by frames', async () => {
  const api = pidOf('http')
  const study = instances[0]?.replace(/\/series\/.*/, '') ?? ''
  const inLanes = async (count: number, work: (at: number) => Promise<number>) => {
    let next = 0
    let bytes = 0
    const lane = async () => {
      for (let at = next++; at < count; at = next++) {
        const given = await work(at)
        bytes += given
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    return bytes / MIB
  }
  const parts = 'multipart/related; type="application/dicom"; transfer-syntax=*'
  const frame = 'application/octet-stream; transfer-syntax=*'
  const kinds: [string, () => Promise<number>][] = [
    ['whole', () => inLanes(4, () => give(study, parts))],
    ['zip', () => inLanes(4, () => give(study, 'application/zip'))],
    ['metadata', () => inLanes(100, () => give(`${study}/metadata`, 'application/dicom+json'))],
    [
      'frames',
      () => inLanes(FRAMES, (at) => give(`${instances[at % SLICES] ?? ''}/frames/1`, frame)),
    ],
  ]
  for (const [kind, work] of kinds) {
    forgetPeak(api)
    const given = await work()
    const peak = peakMib(api)
    process.stdout.write(
      `serving ${SLICES} instances, ${kind}: ${given.toFixed(0)} MiB given, the API held ${peak.toFixed(0)} MiB at most\n`,
    )
    expect(given).toBeGreaterThan(1)
    expect(peak).toBeLessThan(MAX_MIB)
  }
})
