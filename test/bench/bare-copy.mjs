/** The least that a program in Node can do: read each file whole and write it. */
import { closeSync, mkdirSync, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const [from, to] = process.argv.slice(2)
const buffer = Buffer.alloc(8 * 1024 * 1024)
mkdirSync(to)
for (const name of readdirSync(from)) {
  const source = openSync(join(from, name), 'r')
  const target = openSync(join(to, name), 'wx')
  for (let count = read(source); count > 0; count = read(source)) {
    for (let at = 0; at < count; ) at += writeSync(target, buffer, at, count - at)
  }
  closeSync(source)
  closeSync(target)
}

function read(source) {
  return readSync(source, buffer, 0, buffer.length, null)
}
