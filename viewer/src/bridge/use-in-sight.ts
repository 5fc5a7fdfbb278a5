/** Whether most of an element is on the screen. */
import { type RefObject, useEffect, useRef, useState } from 'react'

const MOST = 0.6

export function useInSight<Target extends HTMLElement>(): {
  readonly target: RefObject<Target | null>
  readonly isInSight: boolean
} {
  const target = useRef<Target>(null)
  const [isInSight, setIsInSight] = useState(false)
  useEffect(() => {
    const element = target.current
    if (element === null) return
    const observer = new IntersectionObserver(
      ([entry]) => {
        setIsInSight((entry?.intersectionRatio ?? 0) >= MOST)
      },
      { threshold: MOST },
    )
    observer.observe(element)
    return () => {
      observer.disconnect()
    }
  }, [])
  return { target, isInSight }
}
