/** A process of the pool that is killed, as an operating system does where memory is short. */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataSet, value, writeDicom } from '../dicom/index.ts'
import { startTextPool, type TextPool } from './text-pool.ts'

let folder = ''
let path = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pandok-pool-'))
  path = join(folder, 'image.dcm')
  const bytes = writeDicom({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    dataSet: dataSet([
      value('00280002', 'US', 1),
      value('00280004', 'CS', 'MONOCHROME2'),
      value('00280010', 'US', 64),
      value('00280011', 'US', 64),
      value('00280100', 'US', 8),
      value('00280101', 'US', 8),
      value('7FE00010', 'OB', new Uint8Array(64 * 64)),
    ]),
  })
  await writeFile(path, bytes)
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Of this process, and of no other test's. */
function poolProcesses(): number[] {
  return readdirSync('/proc/self/task')
    .flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' '))
    .map(Number)
    .filter((pid) => pid > 0 && commandOf(pid).includes('text-child'))
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // It went while its parent's list was read.
    return ''
  }
}

/** Kills so many processes, one after another, while the answer is awaited. */
async function lookAndKill(pool: TextPool, kills: number) {
  // Those of the test before may not be gone yet.
  const known = new Set(poolProcesses())
  const answer = pool.look({ source: { kind: 'file', path }, frames: 'all' })
  for (let killed = 0; killed < kills; ) {
    const next = poolProcesses().find((pid) => !known.has(pid))
    if (next === undefined) {
      // Asked for again at once: the process is there for some ten milliseconds only.
      await sleep(1)
      continue
    }
    process.kill(next, 'SIGKILL')
    known.add(next)
    killed++
  }
  return await answer
}

describe.skipIf(process.platform !== 'linux')('a process of the text pool that dies', () => {
  test.each([
    [0, { kind: 'looked', frames: [{ frame: 1, boxes: [] }] }],
    [1, { kind: 'looked', frames: [{ frame: 1, boxes: [] }] }],
    [2, { kind: 'failed', code: 'DEID_CRASHED' }],
  ])('killed %i times', async (kills, expected) => {
    const pool = startTextPool({ processes: 1 })
    try {
      expect(await lookAndKill(pool, kills)).toEqual(expected)
    } finally {
      pool.close()
    }
  })
})
