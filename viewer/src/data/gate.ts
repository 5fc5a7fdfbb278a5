/** Holds work up while it is closed. */
export interface Gate {
  /** Resolves at once when it is open. */
  readonly passed: () => Promise<void>
  readonly open: () => void
  readonly close: () => void
}

export function createGate(): Gate {
  let closed: { readonly promise: Promise<undefined>; readonly open: () => void } | undefined
  return {
    passed: async () => {
      await closed?.promise
    },
    open: () => {
      closed?.open()
      closed = undefined
    },
    close: () => {
      const { promise, resolve } = Promise.withResolvers<undefined>()
      closed ??= { promise, open: () => resolve(undefined) }
    },
  }
}
