/** What a script with the usual library does: reads, replaces four attributes, writes. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import dcmjs from 'dcmjs'

const [from, to] = process.argv.slice(2)
mkdirSync(to)
dcmjs.log.setLevel('silent')
for (const name of readdirSync(from)) {
  const bytes = readFileSync(join(from, name))
  const file = dcmjs.data.DicomMessage.readFile(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  )
  for (const tag of ['00100010', '00100020', '00080050', '00080090']) {
    if (file.dict[tag] !== undefined) file.dict[tag].Value = ['x']
  }
  writeFileSync(join(to, name), Buffer.from(file.write()))
}
