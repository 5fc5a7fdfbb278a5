import { expect, test } from 'vitest'
import { type Client, createClient } from './client.ts'
import { PandokError } from './errors.ts'
import { createFileSender } from './send-file.ts'

const MIB = 1024 ** 2

/** Keeps what it was sent; each fault is thrown once, before or after the bytes are taken. */
function fakeServer(faults: { readonly at: 'before' | 'after'; readonly error: Error }[]) {
  let offset = 0
  const sizes: number[] = []
  const state = (length: number) => ({
    sha256: 'x',
    isReceived: length > 0 && offset === length,
    offset,
    length,
  })
  let whole = 0
  const client: Client = {
    ...createClient({ baseUrl: '', getToken: () => Promise.resolve(undefined) }),
    getUploadFile: () => Promise.resolve(state(whole)),
    patchUploadFile: ({ query, body }) => {
      const { offset: from, length } = query as { offset: number; length: number }
      const fault = faults.shift()
      whole = length
      if (fault?.at === 'before') return Promise.reject(fault.error)
      if (from !== offset) return Promise.reject(new PandokError('UPLOAD_OFFSET_WRONG'))
      offset += (body as Blob).size
      sizes.push((body as Blob).size / MIB)
      return fault === undefined ? Promise.resolve(state(length)) : Promise.reject(fault.error)
    },
  }
  return { client, sizes }
}

const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (error instanceof PandokError) throw error
    }
  }
}
const torn = () => new TypeError('network')

test.each([
  ['in order', [], [16, 16, 8]],
  ['a part torn on its way is sent again, smaller', [{ at: 'before', error: torn() }], [8, 16, 16]],
  ['an answer that was lost: the server is asked', [{ at: 'after', error: torn() }], [16, 8, 16]],
] as const)('a large file goes in parts: %s', async (_title, faults, sizes) => {
  const server = fakeServer([...faults])
  const sender = createFileSender({ client: server.client, uploadId: 'up', patiently })
  await sender.send(new Blob([new Uint8Array(40 * MIB)]), 'x')
  expect(server.sizes).toEqual(sizes)
})

test('what the server refuses for good ends it', async () => {
  const error = new PandokError('UPLOAD_CLOSED')
  const { client } = fakeServer([{ at: 'before', error }])
  const sender = createFileSender({ client, uploadId: 'up', patiently })
  await expect(sender.send(new Blob([new Uint8Array(40 * MIB)]), 'x')).rejects.toBe(error)
})
