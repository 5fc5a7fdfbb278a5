import { expect, test } from 'vitest'
import { tryMutants } from './mutants.ts'

test('six thousand mutants: each ends in a code or a clean file', () => {
  const { clean, refused, slowestMs } = tryMutants(1, 6_000)
  process.stdout.write(
    `mutants: ${clean} clean, ${refused} refused, slowest ${slowestMs.toFixed(1)} ms\n`,
  )
  // Both must happen, or the mutants are too wild or too tame to show anything.
  expect(clean).toBeGreaterThan(200)
  expect(refused).toBeGreaterThan(1_000)
})
