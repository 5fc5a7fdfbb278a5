/**
 * Notices that the object store does not answer any more (answer-watch.ts): requests to it are aborted
 * then, and fail at once until it does. The client's own time-outs are of single attempts, and it tries
 * several times.
 */
import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { watchAnswers } from '../answer-watch.ts'

const PROBE_MS = 2_000

/** What is still to be read of an answer. */
const WithBody = z.object({ response: z.object({ body: z.instanceof(Readable) }) })

/** Known as unreachable by its name (s3-errors.ts), and not tried again by the client. */
class StoreAway extends Error {
  override readonly name = 'AbortError'
}

/** Every request of the client passes here. */
export function watchStore(s3: S3Client, endpoint: string): void {
  const underWay = new Set<AbortController>()
  const watch = watchAnswers({
    isAnswering: () => isAnswering(endpoint),
    cut: () => {
      for (const each of underWay) each.abort()
    },
  })
  const handler = s3.config.requestHandler
  const handle = handler.handle.bind(handler)
  handler.handle = async (request, options) => {
    if (watch.isAway()) throw new StoreAway('the object store does not answer')
    const ending = new AbortController()
    underWay.add(ending)
    const end = () => {
      underWay.delete(ending)
    }
    try {
      const answer = await watch.during(() =>
        handle(request, { ...options, abortSignal: ending.signal }),
      )
      const body = WithBody.safeParse(answer).data?.response.body
      if (body === undefined) end()
      else body.once('close', end)
      return answer
    } catch (error) {
      end()
      throw error
    }
  }
}

/** An answer of any kind is one, a refusal too. */
async function isAnswering(endpoint: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROBE_MS)
    await fetch(endpoint, { method: 'HEAD', redirect: 'manual', signal })
    return true
  } catch {
    return false
  }
}
