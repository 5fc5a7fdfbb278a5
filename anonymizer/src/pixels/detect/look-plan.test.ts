import { describe, expect, test } from 'vitest'
import { cornerSignature, cornersDiffer } from './corner-signature.ts'
import { createLookPlan } from './look-plan.ts'

const SIDE = 512

/** Strokes of two pixels, seven high, as in a line of ten letters of 10 px. */
function frame(written: { left: number; top: number } | undefined, shift = 0) {
  const pixels = new Uint8Array(SIDE * SIDE).fill(20)
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      // A body whose outline comes into the border, and a little noise.
      if (Math.hypot(x - 256 - shift, y - 256) < 250) pixels[y * SIDE + x] = 120
      pixels[y * SIDE + x] = (pixels[y * SIDE + x] ?? 0) + ((x * 7 + y * 13) % 11)
    }
  }
  if (written === undefined) return { width: SIDE, height: SIDE, pixels }
  for (let stroke = 0; stroke < 20; stroke++) {
    for (let y = 0; y < 7; y++) {
      const at = (written.top + y) * SIDE + written.left + stroke * 4
      pixels.fill(255, at, at + 2)
    }
  }
  return { width: SIDE, height: SIDE, pixels }
}

describe('corners', () => {
  const plain = cornerSignature(frame(undefined))

  test.each([
    ['upper left', { left: 4, top: 4 }],
    ['upper right', { left: 420, top: 12 }],
    ['lower left', { left: 8, top: 500 }],
    ['lower right', { left: 425, top: 490 }],
    ['left border', { left: 2, top: 250 }],
  ])('a line of text at %s makes a difference', (_, written) => {
    expect(cornersDiffer(plain, cornerSignature(frame(written)))).toBe(true)
  })

  test('a body that moves does not', () => {
    expect(cornersDiffer(plain, cornerSignature(frame(undefined, 6)))).toBe(false)
  })
})

describe('frames that are looked at', () => {
  const [plain, written] = [undefined, { left: 4, top: 4 }].map((each) =>
    cornerSignature(frame(each)),
  )
  const looks = (look: 'sample' | 'all', corners: readonly string[][], isAnnounced = false) => {
    const plan = createLookPlan(look)
    corners.forEach((each, id) =>
      plan.add({ id, seriesInstanceUid: '1.2', position: 100 - id, corners: each, isAnnounced }),
    )
    return plan.finish('1.2').map(({ id, frames }) => `${id}:${frames.join()}`)
  }
  const same = (count: number) => Array.from({ length: count }, () => [plain ?? ''])

  test.each([
    ['no instance', looks('sample', []), []],
    ['one', looks('sample', same(1)), ['0:1']],
    ['first, middle and last', looks('sample', same(9)), ['8:1', '4:1', '0:1']],
    ['all', looks('all', same(3)), ['2:1', '1:1', '0:1']],
    ['announced', looks('sample', same(4), true), ['3:1', '2:1', '1:1', '0:1']],
    [
      'writing and its neighbours',
      looks('sample', same(9).with(6, [written ?? ''])),
      ['8:1', '7:1', '6:1', '5:1', '4:1', '0:1'],
    ],
    [
      'frames of one instance',
      looks('sample', [Array.from({ length: 5 }, () => plain ?? '')]),
      ['0:1,3,5'],
    ],
    ['no signature', looks('sample', same(7).with(1, [''])), ['6:1', '3:1', '1:1', '0:1']],
  ])('%s', (_, seen, expected) => {
    expect(seen).toEqual(expected)
  })
})
