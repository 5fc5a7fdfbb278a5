/** Steps of the wheel over an element, which does not scroll the page meanwhile. */
import { type RefObject, useEffect, useEffectEvent } from 'react'

export function useWheel(
  target: RefObject<HTMLElement | null>,
  onStep: (by: 1 | -1) => void,
): void {
  const onWheel = useEffectEvent((event: WheelEvent) => {
    event.preventDefault()
    if (event.deltaY !== 0) onStep(event.deltaY > 0 ? 1 : -1)
  })
  useEffect(() => {
    const element = target.current
    element?.addEventListener('wheel', onWheel, { passive: false })
    return () => {
      element?.removeEventListener('wheel', onWheel)
    }
  }, [target])
}
