/** `npm run fuzz [-- MINUTES]`: mutants until the time is over or one breaks a promise. */
import fc from 'fast-check'
import { changes, mutate } from './mutate.ts'
import { hold, newTally } from './promises.ts'
import { makeSeeds } from './seeds.ts'

const ROUND = 20_000
const minutes = Number(process.argv[2] ?? 10)
if (!(minutes > 0)) throw new Error('usage: npm run fuzz -- MINUTES')
const end = performance.now() + minutes * 60_000
const seeds = makeSeeds()
const tally = newTally()
for (let round = Date.now() % 1_000_000_000; performance.now() < end; round++) {
  fc.assert(
    fc.property(fc.constantFrom(...seeds.keys()), changes, (name, list) => {
      const seed = seeds.get(name)
      if (seed !== undefined) hold(mutate(seed, list), tally)
    }),
    { numRuns: ROUND, seed: round },
  )
  process.stdout.write(
    `${tally.clean + tally.refused} mutants: ${tally.clean} clean, ${tally.refused} refused, ` +
      `slowest ${tally.slowestMs.toFixed(0)} ms\n`,
  )
}
