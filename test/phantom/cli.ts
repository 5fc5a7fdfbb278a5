/** `npm run phantom -- --out DIR [--seed N] [--slices N] [--size N] [--patient ID]` */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makePhantom } from './index.ts'

const USAGE =
  'usage: npm run phantom -- --out DIR [--seed N] [--slices N] [--size N] [--patient ID]\n'

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    seed: { type: 'string', default: '1' },
    slices: { type: 'string', default: '48' },
    size: { type: 'string', default: '256' },
    patient: { type: 'string' },
  },
})
const [seed, slices, size] = [Number(values.seed), Number(values.slices), Number(values.size)]
const isUsable =
  values.out !== undefined &&
  [seed, slices, size].every(Number.isInteger) &&
  slices >= 2 &&
  slices <= 1000 &&
  size >= 32 &&
  size <= 1024
if (!isUsable || values.out === undefined) {
  process.stderr.write(USAGE)
  process.exit(2)
}
const patient = values.patient === undefined ? {} : { patientId: values.patient }
const { files, truth } = makePhantom({ seed, slices, size, ...patient })
await mkdir(values.out, { recursive: true })
for (const { name, bytes } of files) await writeFile(join(values.out, name), bytes)
const { grid, nodules, originMm } = truth
await writeFile(
  join(values.out, 'truth.json'),
  `${JSON.stringify({ grid, originMm, nodules }, null, 2)}\n`,
)
process.stdout.write(`${files.length} slices and truth.json in ${values.out}\n`)
