import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeidError } from '../../errors.ts'
import { decodeRle, encodeRle } from './rle.ts'

/** Long runs, long literals and both in turn. */
const content = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 600 }),
  fc
    .array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 300 })), { minLength: 1, maxLength: 12 })
    .map((runs) =>
      Uint8Array.from(runs.flatMap(([byte, length]) => Array<number>(length).fill(byte))),
    ),
)

describe('PS3.5 annex G', () => {
  test.each([
    { sampleBytes: 1, samplesPerPixel: 1 },
    { sampleBytes: 2, samplesPerPixel: 1 },
    { sampleBytes: 4, samplesPerPixel: 1 },
    { sampleBytes: 1, samplesPerPixel: 3 },
    { sampleBytes: 2, samplesPerPixel: 3 },
    { sampleBytes: 4, samplesPerPixel: 3 },
  ])('$samplesPerPixel samples of $sampleBytes bytes come back', (sizes) => {
    fc.assert(
      fc.property(content, fc.integer({ min: 1, max: 70 }), (bytes, rowBytes) => {
        const planeBytes = Math.ceil(bytes.length / (sizes.sampleBytes * sizes.samplesPerPixel))
        const frame = new Uint8Array(planeBytes * sizes.sampleBytes * sizes.samplesPerPixel)
        frame.set(bytes)
        const layout = { ...sizes, planeBytes }
        const encoded = encodeRle(frame, layout, rowBytes)
        expect(encoded.length % 2).toBe(0)
        expect(decodeRle(encoded, layout)).toEqual(frame)
      }),
    )
  })

  test('any bytes end in a frame or a coded error', () => {
    const layout = { planeBytes: 64, sampleBytes: 2, samplesPerPixel: 1 }
    const valid = encodeRle(new Uint8Array(128).fill(7), layout, 8)
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length), (at, byte, end) => {
        const broken = valid.slice(0, end)
        if (at < broken.length) broken[at] = byte
        try {
          expect(decodeRle(broken, layout)).toHaveLength(128)
        } catch (error) {
          expect(error).toBeInstanceOf(DeidError)
        }
      }),
    )
  })
})
