/** De-identification of one CT slice against reading and writing it with the usual library. */
import { deidentify, loadProfile, openVault } from '@pandok/anonymizer'
import dcmjs from 'dcmjs'
import { makePhantom } from '../phantom/index.ts'
import type { BenchCase } from './run.ts'

const [file] = makePhantom({ seed: 1, size: 512, slices: 1 }).files
const bytes = file?.bytes ?? new Uint8Array()
const vault = openVault(new Uint8Array(32).fill(1), { prefix: 'LC', digits: 5 })
const profile = loadProfile('research-longitudinal')
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)

export const cases: readonly BenchCase[] = [
  {
    name: 'de-identify one 512² CT slice',
    ours: () => deidentify(bytes, { profile, vault }),
    peer: {
      name: 'dcmjs read and write',
      run: () => dcmjs.data.DicomMessage.readFile(buffer).write(),
    },
    rounds: 40,
  },
]
