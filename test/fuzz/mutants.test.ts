import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changes, mutate } from './mutate.ts'
import { hold, newTally } from './promises.ts'
import { makeSeeds } from './seeds.ts'

const seeds = makeSeeds()
/** Frames of several fragments are written, not served; transfer syntaxes that are not read. */
const EXPECTED = new Set(['not let in', 'DICOM_TRANSFER_SYNTAX'])

test('every sound file of every kind becomes clean', () => {
  const tally = newTally()
  for (const { bytes } of seeds.values()) hold(bytes, tally)
  process.stdout.write(`seeds: ${seeds.size}, ${tally.clean} clean\n`)
  expect([...tally.codes].filter(([code]) => !EXPECTED.has(code))).toEqual([])
})

test('mutants: each ends in a code or a clean file that others read alike', () => {
  const tally = newTally()
  fc.assert(
    fc.property(fc.constantFrom(...seeds.keys()), changes, (name, list) => {
      const seed = seeds.get(name)
      if (seed !== undefined) hold(mutate(seed, list), tally)
    }),
    { numRuns: 5_000, seed: 1 },
  )
  const codes = [...tally.codes].map(([code, count]) => `${code} ${count}`).sort()
  process.stdout.write(
    `mutants: ${tally.clean} clean, ${tally.refused} refused, slowest ` +
      `${tally.slowestMs.toFixed(1)} ms, ${tally.notByDcmjs} not read by dcmjs: ${codes.join(', ')}\n`,
  )
  // Both must happen, or the mutants are too wild or too tame to show anything.
  expect(tally.clean).toBeGreaterThan(300)
  expect(tally.refused).toBeGreaterThan(1_000)
}, 120_000)
