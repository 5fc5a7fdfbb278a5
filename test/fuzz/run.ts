/** `npm run fuzz [-- MINUTES]`: mutants until the time is over or one breaks a promise. */
import { tryMutants } from './mutants.ts'

const ROUND = 20_000
const minutes = Number(process.argv[2] ?? 10)
if (!(minutes > 0)) throw new Error('usage: npm run fuzz -- MINUTES')
const end = performance.now() + minutes * 60_000
let seed = Date.now() % 1_000_000_000
let [clean, refused] = [0, 0]
while (performance.now() < end) {
  const tally = tryMutants(seed, ROUND)
  seed += ROUND
  clean += tally.clean
  refused += tally.refused
  process.stdout.write(`${clean + refused} mutants: ${clean} clean, ${refused} refused\n`)
}
