/** A queue that is filled while it is emptied: takers wait until something comes or it is closed. */
export interface WorkQueue<Item> {
  readonly add: (...items: readonly Item[]) => void
  /** Nothing more comes. */
  readonly close: () => void
  /** undefined when it is closed and empty. */
  readonly take: () => Promise<Item | undefined>
}

export function createWorkQueue<Item>(): WorkQueue<Item> {
  const items: Item[] = []
  const waiting: ((item: Item | undefined) => void)[] = []
  let isClosed = false
  return {
    add: (...added) => {
      for (const item of added) {
        const taker = waiting.shift()
        if (taker === undefined) items.push(item)
        else taker(item)
      }
    },
    close: () => {
      isClosed = true
      for (const taker of waiting.splice(0)) taker(undefined)
    },
    take: () => {
      const item = items.shift()
      if (item !== undefined || isClosed) return Promise.resolve(item)
      return new Promise((resolve) => waiting.push(resolve))
    },
  }
}
