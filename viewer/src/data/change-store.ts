/** The unsaved changes of one task in IndexedDB, in the order they were made. */
import type { Change, ChangeStore } from './outbox.ts'

const DATABASE = 'pandok'
const STORE = 'strokes'

/** `key`: the task, and what kind of change when it is not a stroke (`TASK lengths`). */
export async function openChangeStore<Item extends Change>(
  key: string,
): Promise<ChangeStore<Item>> {
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
  const mine = IDBKeyRange.only(key)
  return {
    load: async () => {
      const rows = await run('readonly', (store) => store.index('task').getAll(mine))
      return rows as Item[]
    },
    add: async (item) => {
      await run('readwrite', (store) => store.add({ ...item, taskId: key }))
    },
    remove: async (clientRevisionId) => {
      const keys = await run('readonly', (store) => store.index('task').getAllKeys(mine))
      const rows = await run('readonly', (store) => store.index('task').getAll(mine))
      const at = (rows as Item[]).findIndex((row) => row.clientRevisionId === clientRevisionId)
      const row = keys[at]
      if (row !== undefined) await run('readwrite', (store) => store.delete(row))
    },
  }
}
