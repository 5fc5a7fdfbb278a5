import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockFolder } from './lock.ts'

const folder = () => join('/nowhere', randomUUID())

test('a folder is held once, told with the holder, and free after its release', async () => {
  const data = folder()
  const first = await lockFolder(data)
  expect(first.kind).toBe('held')
  expect(await lockFolder(`${data}/`)).toEqual({ kind: 'taken', holder: process.pid })
  expect((await lockFolder(folder())).kind).toBe('held')
  if (first.kind === 'held') await first.release()
  expect((await lockFolder(data)).kind).toBe('held')
})

test('of many that come at once one gets it', async () => {
  const data = folder()
  const locks = await Promise.all(Array.from({ length: 20 }, () => lockFolder(data)))
  expect(locks.filter(({ kind }) => kind === 'held')).toHaveLength(1)
})

test('a holder killed with SIGKILL leaves nothing behind', async () => {
  const data = folder()
  const script = `
    const { lockFolder } = await import(${JSON.stringify(new URL('lock.ts', import.meta.url).href)})
    const { kind } = await lockFolder(${JSON.stringify(data)})
    process.stdout.write(kind)
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  expect(said.toString()).toBe('held')
  expect(await lockFolder(data)).toEqual({ kind: 'taken', holder: child.pid })
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect((await lockFolder(data)).kind).toBe('held')
})
