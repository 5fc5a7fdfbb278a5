/** A program of others that serves on loopback, from the moment when it answers. */
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 20_000
const PAUSE_MS = 50

export interface OutsideServer {
  readonly url: string
  /** Ends it, and waits until it has. */
  readonly stop: () => Promise<void>
}

/** `probe`: a path of `url` that is asked until there is any answer: the program itself tells nobody. */
export async function untilServing(
  child: ChildProcess,
  { url, probe }: { url: string; probe: string },
): Promise<OutsideServer> {
  const stop = async () => {
    if (child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
    const isUp = await fetch(url + probe).then(
      () => true,
      () => false,
    )
    if (isUp) return { url, stop }
    await sleep(PAUSE_MS)
  }
  await stop()
  throw new Error(`${child.spawnfile} does not serve`)
}
