/** What follows from a value once it has stood still: for checks while somebody types. */
import { useEffect, useMemo, useState } from 'react'

export function useDelayed<From, To>(
  value: From,
  delayMs: number,
  derive: (value: From) => To,
): To {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(value)
    }, delayMs)
    return () => {
      clearTimeout(timer)
    }
  }, [value, delayMs])
  return useMemo(() => derive(settled), [derive, settled])
}
