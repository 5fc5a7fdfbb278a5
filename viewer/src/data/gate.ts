/** Holds work up while it is closed. */
export interface Gate {
  /** Resolves at once when it is open. */
  readonly passed: () => Promise<void>
  readonly open: () => void
  readonly close: () => void
}

export function createGate(): Gate {
  let closed: ReturnType<typeof Promise.withResolvers<void>> | undefined
  return {
    passed: () => closed?.promise ?? Promise.resolve(),
    open: () => {
      closed?.resolve()
      closed = undefined
    },
    close: () => {
      closed ??= Promise.withResolvers<void>()
    },
  }
}
