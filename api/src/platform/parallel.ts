/** Many small waits at a time, and no more than the other side bears. */

/**
 * `work` on each item, `limit` of them at once. The first fault is thrown, after those under way have
 * ended; none begins after it.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const waiting = items[Symbol.iterator]()
  let isBroken = false
  const lane = async () => {
    for (let next = waiting.next(); !isBroken && next.done !== true; next = waiting.next()) {
      try {
        await work(next.value)
      } catch (error) {
        isBroken = true
        throw error
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: limit }, lane))
  const failed = lanes.find((ended) => ended.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
