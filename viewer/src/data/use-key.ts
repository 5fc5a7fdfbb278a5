/** A key that does something on this page, except while somebody types or answers a dialog. */
import { useEffect, useEffectEvent } from 'react'

export function useKey(key: string, act: () => void): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const { target } = event
    const isTyping =
      target instanceof HTMLElement && target.closest('input, select, textarea, dialog') !== null
    if (event.key !== key || isTyping || event.ctrlKey || event.metaKey || event.altKey) return
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
