import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeAll } from './durable.ts'

test.each([0, 1, 4, 5, 9])('a write that stops after %i of 10 bytes is continued', async (stop) => {
  const folder = await mkdtemp(join(tmpdir(), 'pandok-short-'))
  const file = await open(join(folder, 'file'), 'w')
  const whole = ['abc', 'defgh', 'ij'].map((text) => Buffer.from(text))
  const short: typeof file.writev = async (buffers) => {
    const { bytesWritten } = await file.write(Buffer.concat(whole).subarray(0, stop))
    return { bytesWritten, buffers }
  }
  file.writev = short
  try {
    await writeAll(file, whole)
  } finally {
    await file.close()
  }
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('abcdefghij')
  await rm(folder, { recursive: true })
})
