/** A key that does something on this page, except while somebody types or answers a dialog. */
import { useEffect, useEffectEvent } from 'react'

/** What a focused button or link does on these is its own business. */
const PRESSING: ReadonlySet<string> = new Set(['Enter', ' '])

export function useKey(key: string, act: () => void): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const { target } = event
    const isIn = (selector: string) =>
      target instanceof HTMLElement && target.closest(selector) !== null
    if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey) return
    if (isIn('input:not([type=range]), select, textarea, dialog')) return
    if (PRESSING.has(key) && isIn('button:not([data-passes-keys]), a, summary')) return
    event.preventDefault()
    act()
  })
  useEffect(() => {
    window.addEventListener('keydown', onKey)
    return () => {
      window.removeEventListener('keydown', onKey)
    }
  }, [])
}
