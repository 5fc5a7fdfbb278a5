/** One timer for whatever the other side is waited for at the moment. */

export interface Deadline {
  /** Anew, unless it runs already for the same `subject`. */
  readonly set: (seconds: number, subject?: number) => void
  readonly clear: () => void
}

export function createDeadline(onLate: () => void): Deadline {
  let timer: NodeJS.Timeout | undefined
  let current: number | undefined
  const clear = () => {
    clearTimeout(timer)
    timer = undefined
  }
  return {
    set: (seconds, subject) => {
      if (timer !== undefined && subject !== undefined && subject === current) return
      clear()
      current = subject
      timer = setTimeout(onLate, seconds * 1000)
    },
    clear,
  }
}
