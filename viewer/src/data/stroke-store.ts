/** The strokes of one task in IndexedDB, in the order they were made. */
import type { Stroke, StrokeStore } from './outbox.ts'

const DATABASE = 'pandok'
const STORE = 'strokes'

export async function openStrokeStore(taskId: string): Promise<StrokeStore> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE, { autoIncrement: true }).createIndex('task', 'taskId')
    }
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(new Error('STORAGE_UNAVAILABLE'))
    }
  })
  const run = <T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      // Strict: the browser says so only when the bytes are on the disk.
      const transaction = database.transaction(STORE, mode, { durability: 'strict' })
      const request = act(transaction.objectStore(STORE))
      transaction.oncomplete = () => {
        resolve(request.result)
      }
      transaction.onabort = () => {
        reject(new Error('STORAGE_UNAVAILABLE'))
      }
    })
  const mine = IDBKeyRange.only(taskId)
  return {
    load: async () => {
      const rows = await run('readonly', (store) => store.index('task').getAll(mine))
      return rows as Stroke[]
    },
    add: async (stroke) => {
      await run('readwrite', (store) => store.add({ ...stroke, taskId }))
    },
    remove: async (clientRevisionId) => {
      const keys = await run('readonly', (store) => store.index('task').getAllKeys(mine))
      const rows = await run('readonly', (store) => store.index('task').getAll(mine))
      const at = (rows as Stroke[]).findIndex((row) => row.clientRevisionId === clientRevisionId)
      const key = keys[at]
      if (key !== undefined) await run('readwrite', (store) => store.delete(key))
    },
  }
}
