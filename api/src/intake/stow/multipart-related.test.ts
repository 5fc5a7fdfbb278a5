import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { multipartBody } from '../../../../test/support/stow.ts'
import { readMultipartType, readParts } from './multipart-related.ts'

const LIMITS = { parts: 10, headerBytes: 1024, bodyBytes: 1024 ** 2 }

function* piecesOf(body: Buffer, sizes: readonly number[]) {
  for (let [at, turn] = [0, 0]; at < body.length; turn++) {
    const end = at + (sizes[turn % sizes.length] ?? body.length)
    yield body.subarray(at, end)
    at = end
  }
}

async function partsOf(source: AsyncIterable<Buffer>, type: string): Promise<string[]> {
  const parts: string[] = []
  for await (const part of readParts(source, readMultipartType(type).boundary, LIMITS)) {
    const chunks: Buffer[] = []
    for await (const chunk of part.body) chunks.push(chunk)
    parts.push(Buffer.concat(chunks).toString('latin1'))
  }
  return parts
}

describe('readParts', () => {
  it('gives the same parts however the body is cut, and whatever in them looks like its end', async () => {
    // Pieces of what ends a part, so that nearly every cut falls into one.
    const content = fc.array(
      fc.constantFrom('\r', '\n', '\r\n', '-', '--', '\r\n--', 'test-', 'x'),
      {
        maxLength: 60,
      },
    )
    const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 })
    let cuts = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(content, { minLength: 1, maxLength: 4 }),
        sizes,
        async (all, cut) => {
          const contents = all.map((each) => each.join(''))
          const { type, body } = multipartBody(
            contents.map((each) => ({ bytes: Buffer.from(each) })),
          )
          cuts += body.length
          expect(await partsOf(Readable.from(piecesOf(body, cut)), type)).toEqual(contents)
        },
      ),
      { numRuns: 500 },
    )
    expect(cuts).toBeGreaterThan(50_000)
  })

  it('refuses a body that ends within a part, wherever', async () => {
    const { type, body } = multipartBody([
      { bytes: Buffer.from('one') },
      { bytes: Buffer.from('two') },
    ])
    for (let end = 0; end < body.length - 2; end++) {
      const torn = partsOf(Readable.from(piecesOf(body.subarray(0, end), [7])), type)
      await expect(torn).rejects.toMatchObject({ name: 'TornBodyError' })
    }
  })
})
