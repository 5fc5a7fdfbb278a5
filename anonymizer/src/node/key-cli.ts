/** `pandok key show|rotate FILE`: which keys a project has, and a new one for what comes. */
import { parseArgs } from 'node:util'
import { sentenceOf } from './complaint.ts'
import type { CliIo } from './io.ts'
import { readKeys, rotateKey } from './key-file.ts'
import { today } from './today.ts'

const HELP = `pandok key show FILE     fingerprints of the keys, the current one last
pandok key rotate FILE   makes a new key current; the old ones stay in FILE, to check old outputs

From then on patients get new pseudonyms, UIDs and date offsets: nothing joins what was made
before with what is made after, which is what rotation is for.
`

export function runKeyCli(args: readonly string[], io: CliIo): Promise<number> {
  return Promise.resolve(run(args, io))
}

function run(args: readonly string[], io: CliIo): number {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true, strict: false })
  const [verb, file, ...more] = positionals
  if (file === undefined || more.length > 0 || (verb !== 'show' && verb !== 'rotate')) {
    io.error(HELP)
    return 2
  }
  try {
    const { keys } = verb === 'show' ? readKeys(file) : rotateKey(file, today())
    for (const [index, { fingerprint, since }] of keys.entries()) {
      const state = index === keys.length - 1 ? 'current' : 'retired'
      io.out(`${fingerprint}  ${state}  since ${since ?? 'unknown'}\n`)
    }
    return 0
  } catch (error) {
    io.error(`${sentenceOf(error)}\n`)
    return 2
  }
}
