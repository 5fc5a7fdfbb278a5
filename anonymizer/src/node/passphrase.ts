/** Passphrases from a terminal that does not show them, or from files that only their owner reads. */
import { readFileSync, statSync } from 'node:fs'
import { UsageError } from './complaint.ts'
import type { CliIo } from './io.ts'

const MIN_CHARACTERS = 12
const [END, DELETE, INTERRUPT] = [/[\r\n\u0004]/, /[\b\u007f]/, '\u0003']

/** Of the persons in their order; `files`: one for each of them, or none. Never two the same. */
export async function passphrasesOf(
  persons: readonly string[],
  files: readonly string[],
  io: CliIo,
): Promise<string[]> {
  if (files.length > 0 && files.length !== persons.length) {
    throw new UsageError('--passphrase-file: one for each person, in their order')
  }
  const passphrases: string[] = []
  for (const [at, name] of persons.entries()) {
    const file = files[at]
    passphrases.push(file === undefined ? await asked(name, io) : fromFile(file))
  }
  if (passphrases.some((each) => Array.from(each).length < MIN_CHARACTERS)) {
    throw new UsageError(`a passphrase has at least ${MIN_CHARACTERS} characters`)
  }
  if (new Set(passphrases).size < passphrases.length) {
    throw new UsageError('every person has an own passphrase')
  }
  return passphrases
}

function fromFile(path: string): string {
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new UsageError('others may read a file of a passphrase; allow its owner only (chmod 600)')
  }
  return readFileSync(path, 'utf8')
    .replace(/\r?\n$/, '')
    .normalize('NFC')
}

/** Raw mode: the terminal itself would show what is typed. */
function asked(name: string, io: CliIo): Promise<string> {
  const { stdin } = process
  if (!stdin.isTTY) throw new UsageError('no terminal to ask on; give --passphrase-file')
  io.error(`passphrase of ${name} (nothing is shown): `)
  return new Promise((resolve, reject) => {
    let typed = ''
    const finish = () => {
      stdin.setRawMode(false).pause().off('data', onData)
      io.error('\n')
    }
    const onData = (chunk: Buffer) => {
      for (const character of chunk.toString('utf8')) {
        if (character === INTERRUPT) {
          finish()
          reject(new UsageError('interrupted'))
          return
        }
        if (END.test(character)) {
          finish()
          resolve(typed.normalize('NFC'))
          return
        }
        typed = DELETE.test(character) ? typed.replace(/.$/su, '') : typed + character
      }
    }
    stdin.setRawMode(true).resume().on('data', onData)
  })
}
