/** How much memory a process and those it started held at most, as Linux counts it (VmHWM). */
import { readFileSync } from 'node:fs'

export interface PeakMemory {
  /** Of the largest single process, in MiB, so far. */
  readonly largestMib: () => number
  readonly stop: () => void
}

const EVERY_MS = 20

export function watchMemory(pid: number): PeakMemory {
  let peak = 0
  const look = () => {
    for (const each of familyOf(pid)) peak = Math.max(peak, peakOf(each))
  }
  const timer = setInterval(look, EVERY_MS)
  return {
    largestMib: () => peak / 1024,
    stop: () => {
      clearInterval(timer)
    },
  }
}

function familyOf(pid: number): number[] {
  const children = readText(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean)
  return [pid, ...children.flatMap((each) => familyOf(Number(each)))]
}

/** KiB; 0 for a process that is gone. */
function peakOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
