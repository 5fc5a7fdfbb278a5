/** Short messages that pass: a store that React reads and anybody may write to. */
export interface Toast {
  readonly id: number
  readonly text: string
  readonly tone: 'info' | 'warn' | 'bad'
}

const SHOWN_MS = 7000

let toasts: readonly Toast[] = []
let lastId = 0
const listeners = new Set<() => void>()

/** `bad` ones stay until they are closed. */
export function showToast(text: string, tone: Toast['tone'] = 'info'): void {
  const id = ++lastId
  set([...toasts.filter((toast) => toast.text !== text), { id, text, tone }].slice(-4))
  if (tone !== 'bad') setTimeout(() => closeToast(id), SHOWN_MS)
}

export function closeToast(id: number): void {
  set(toasts.filter((toast) => toast.id !== id))
}

export function subscribeToasts(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function currentToasts(): readonly Toast[] {
  return toasts
}

function set(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}
