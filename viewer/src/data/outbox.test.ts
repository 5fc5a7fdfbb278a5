import { PandokError } from '@pandok/contract'
import { expect, test } from 'vitest'
import { openOutbox, type SaveState, type Stroke, type StrokeStore } from './outbox.ts'

function memoryStore(): StrokeStore & { strokes: Stroke[] } {
  const store = {
    strokes: [] as Stroke[],
    load: () => Promise.resolve([...store.strokes]),
    add: (stroke: Stroke) => {
      store.strokes.push(stroke)
      return Promise.resolve()
    },
    remove: (id: string) => {
      store.strokes = store.strokes.filter((each) => each.clientRevisionId !== id)
      return Promise.resolve()
    },
  }
  return store
}

/** A server that keeps revisions, recognises retries, and can lose requests and answers. */
function fakeServer() {
  const saved: Stroke[] = []
  const faults: ('request' | 'answer' | PandokError)[] = []
  return {
    saved,
    faults,
    latestRevision: () => Promise.resolve(saved.length),
    send: (stroke: Stroke, baseRevision: number): Promise<{ revision: number }> => {
      const fault = faults.shift()
      if (fault === 'request') return Promise.reject(new TypeError('network'))
      if (fault instanceof PandokError) return Promise.reject(fault)
      const known = saved.findIndex((each) => each.clientRevisionId === stroke.clientRevisionId)
      if (known < 0) {
        if (baseRevision !== saved.length) return Promise.reject(new PandokError('REVISION_STALE'))
        saved.push(stroke)
      }
      if (fault === 'answer') return Promise.reject(new TypeError('network'))
      return Promise.resolve({ revision: known < 0 ? saved.length : known + 1 })
    },
  }
}

async function open(
  server: ReturnType<typeof fakeServer>,
  store: StrokeStore,
  states: SaveState[] = [],
) {
  let id = 0
  return await openOutbox({
    store,
    revision: server.saved.length,
    send: server.send,
    latestRevision: server.latestRevision,
    onState: (state) => states.push(state),
    newId: () => `id-${++id}-${Math.random()}`,
    pause: () => Promise.resolve(),
  })
}

test('strokes arrive in order, once each, whatever is lost on the way', async () => {
  const server = fakeServer()
  const store = memoryStore()
  const outbox = await open(server, store)
  server.faults.push('request', 'answer', 'request', 'answer', 'answer')
  for (let at = 0; at < 6; at++) await outbox.add([at, 1, 1])
  await outbox.flushed()
  expect(server.saved.map((stroke) => stroke.runs[0])).toEqual([0, 1, 2, 3, 4, 5])
  expect(store.strokes).toEqual([])
})

test('a page that dies leaves its strokes to the next one', async () => {
  const server = fakeServer()
  const store = memoryStore()
  const dying = await openOutbox({
    store,
    revision: 0,
    send: () => new Promise(() => undefined),
    latestRevision: server.latestRevision,
    onState: () => undefined,
  })
  await dying.add([1, 1, 1])
  await dying.add([2, 1, 1])
  dying.close()
  const next = await open(server, store)
  await next.flushed()
  expect(server.saved.map((stroke) => stroke.runs[0])).toEqual([1, 2])
})

test('a stale save goes on top of the newest state', async () => {
  const server = fakeServer()
  const store = memoryStore()
  const outbox = await open(server, store)
  server.saved.push({ clientRevisionId: 'somebody else', runs: [9, 1, 2] })
  await outbox.add([3, 1, 1])
  await outbox.flushed()
  expect(server.saved.map((stroke) => stroke.runs[0])).toEqual([9, 3])
})

test('a refused save stays in the browser and says so', async () => {
  const server = fakeServer()
  const store = memoryStore()
  const states: SaveState[] = []
  const outbox = await open(server, store, states)
  server.faults.push(new PandokError('TASK_NOT_ASSIGNED_TO_YOU'))
  await outbox.add([3, 1, 1])
  await expect(outbox.flushed()).rejects.toMatchObject({ code: 'TASK_NOT_ASSIGNED_TO_YOU' })
  expect(store.strokes).toHaveLength(1)
  expect(states.at(-1)).toMatchObject({ kind: 'refused', waiting: 1 })
})
