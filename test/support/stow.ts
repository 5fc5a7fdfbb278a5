/** STOW-RS requests (PS3.18 10.5) written by hand, right and wrong. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'

export interface Part {
  readonly bytes: Uint8Array
  readonly headers?: string
}

export function partOf(bytes: Uint8Array): Part {
  return { bytes }
}

/** `isTorn`: without the last delimiter. */
export function multipartBody(parts: readonly Part[], options: { isTorn?: boolean } = {}) {
  const boundary = `test-${randomUUID()}`
  const chunks = parts.flatMap(({ bytes, headers = 'Content-Type: application/dicom' }) => [
    Buffer.from(`\r\n--${boundary}\r\n${headers}\r\n\r\n`),
    bytes,
  ])
  const end = options.isTorn === true ? '' : `\r\n--${boundary}--\r\n`
  return {
    type: `multipart/related; type="application/dicom"; boundary="${boundary}"`,
    body: Buffer.concat([...chunks, Buffer.from(end)]),
  }
}

const Uid = z.object({ Value: z.tuple([z.string()]) })
const Reason = z.object({ Value: z.tuple([z.number()]) })
const sequenceOf = <S extends z.ZodType>(item: S) =>
  z
    .object({ Value: z.array(item) })
    .transform(({ Value }) => Value)
    .optional()

/** The answer of a Store transaction in the DICOM JSON Model, by tag. */
export const StoreAnswer = z
  .strictObject({
    '00081198': sequenceOf(
      z.strictObject({ '00081150': Uid, '00081155': Uid, '00081197': Reason }),
    ),
    '00081199': sequenceOf(z.strictObject({ '00081150': Uid, '00081155': Uid })),
    '0008119A': sequenceOf(z.strictObject({ '00081197': Reason })),
  })
  .transform((answer) => ({
    stored: (answer['00081199'] ?? []).map((item) => item['00081155'].Value[0]),
    failed: (answer['00081198'] ?? []).map((item) => ({
      sopInstanceUid: item['00081155'].Value[0],
      reason: item['00081197'].Value[0],
    })),
    unknown: (answer['0008119A'] ?? []).map((item) => item['00081197'].Value[0]),
  }))

export async function stow(
  url: string,
  token: string,
  parts: readonly Part[],
  options: { isTorn?: boolean; headers?: Record<string, string> } = {},
): Promise<Response> {
  const { type, body } = multipartBody(parts, options)
  return await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': type, ...options.headers },
    body: new Uint8Array(body),
  })
}
