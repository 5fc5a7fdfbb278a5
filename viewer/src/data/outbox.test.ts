import { PandokError } from '@pandok/contract'
import { expect, test } from 'vitest'
import { type ChangeStore, mergeStates, openOutbox, type SaveState, type Stroke } from './outbox.ts'

function memoryStore(): ChangeStore<Stroke> & { strokes: Stroke[] } {
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
  store: ChangeStore<Stroke>,
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
  for (let at = 0; at < 6; at++) await outbox.add({ runs: [at, 1, 1] })
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
  await dying.add({ runs: [1, 1, 1] })
  await dying.add({ runs: [2, 1, 1] })
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
  await outbox.add({ runs: [3, 1, 1] })
  await outbox.flushed()
  expect(server.saved.map((stroke) => stroke.runs[0])).toEqual([9, 3])
})

test('a refused save stays in the browser and says so', async () => {
  const server = fakeServer()
  const store = memoryStore()
  const states: SaveState[] = []
  const outbox = await open(server, store, states)
  const lost = new PandokError('TASK_NOT_ASSIGNED_TO_YOU')
  server.faults.push(lost, lost, lost)
  await outbox.add({ runs: [3, 1, 1] })
  await expect(outbox.flushed()).rejects.toMatchObject({ code: 'TASK_NOT_ASSIGNED_TO_YOU' })
  expect(store.strokes).toHaveLength(1)
  expect(states.at(-1)).toMatchObject({ kind: 'refused', waiting: 1 })
})

test('what is added while the last save ends is sent too', async () => {
  const server = fakeServer()
  const store = memoryStore()
  let late: Promise<void> | undefined
  const outbox = await openOutbox<Stroke>({
    store,
    revision: 0,
    send: server.send,
    latestRevision: server.latestRevision,
    onState: (state) => {
      if (state.kind === 'saved' && late === undefined) late = outbox.add({ runs: [8, 1, 1] })
    },
  })
  await outbox.add({ runs: [7, 1, 1] })
  await expect.poll(() => server.saved.map((stroke) => stroke.runs[0])).toEqual([7, 8])
  await late
  await expect.poll(() => store.strokes).toEqual([])
})

test.each([
  'NOT_SIGNED_IN',
  'TOKEN_INVALID',
  'DATABASE_UNAVAILABLE',
  'INTERNAL',
  'STORAGE_FULL',
] as const)('%s passes: the stroke waits and is sent again', async (code) => {
  const server = fakeServer()
  const store = memoryStore()
  const states: SaveState[] = []
  const outbox = await open(server, store, states)
  server.faults.push(new PandokError(code), new PandokError(code))
  await outbox.add({ runs: [3, 1, 1] })
  await outbox.flushed()
  expect(server.saved).toHaveLength(1)
  expect(states).toContainEqual({ kind: 'offline', waiting: 1 })
  expect(states.at(-1)).toEqual({ kind: 'saved' })
})

test('a browser that keeps nothing still sends, and says so to whoever added', async () => {
  const server = fakeServer()
  const store = { ...memoryStore(), add: () => Promise.reject(new Error('STORAGE_UNAVAILABLE')) }
  const outbox = await open(server, store)
  await expect(outbox.add({ runs: [3, 1, 1] })).rejects.toThrow('STORAGE_UNAVAILABLE')
  await outbox.flushed()
  expect(server.saved).toHaveLength(1)
})

test('a slow store does not change the order of the strokes', async () => {
  const server = fakeServer()
  const inner = memoryStore()
  const waits: (() => void)[] = []
  const store = {
    ...inner,
    add: async (stroke: Stroke) => {
      await new Promise<void>((resolve) => waits.push(resolve))
      await inner.add(stroke)
    },
  }
  const outbox = await open(server, store)
  const added = [outbox.add({ runs: [1, 1, 1] }), outbox.add({ runs: [2, 1, 1] })]
  waits[1]?.()
  waits[0]?.()
  await Promise.all(added)
  await outbox.flushed()
  expect(server.saved.map((stroke) => stroke.runs[0])).toEqual([1, 2])
})

test('refused, then allowed again: the next stroke takes the waiting one along', async () => {
  const server = fakeServer()
  const store = memoryStore()
  const outbox = await open(server, store)
  const lost = new PandokError('TASK_NOT_ASSIGNED_TO_YOU')
  server.faults.push(lost, lost, lost)
  await outbox.add({ runs: [1, 1, 1] })
  await expect(outbox.flushed()).rejects.toMatchObject({ code: 'TASK_NOT_ASSIGNED_TO_YOU' })
  server.faults.length = 0
  await outbox.add({ runs: [2, 1, 1] })
  await outbox.flushed()
  expect(server.saved.map((stroke) => stroke.runs[0])).toEqual([1, 2])
  expect(store.strokes).toEqual([])
})

const saving: SaveState = { kind: 'saving', waiting: 2 }
const offline: SaveState = { kind: 'offline', waiting: 1 }
const refused: SaveState = { kind: 'refused', waiting: 1, code: 'TASK_WRONG_STATUS' }
test.each([
  [{ kind: 'saved' }, { kind: 'saved' }, { kind: 'saved' }],
  [{ kind: 'saved' }, saving, saving],
  [saving, offline, { kind: 'offline', waiting: 3 }],
  [refused, offline, { ...refused, waiting: 2 }],
] as const)('of two outboxes the graver state is told: %j %j', (a, b, told) => {
  expect(mergeStates(a, b)).toEqual(told)
  expect(mergeStates(b, a)).toEqual(told)
})
