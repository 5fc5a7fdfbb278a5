/** De-identified files for other readers: of the shared data, and of instances full of attributes. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  DeidError,
  DicomError,
  deidentify,
  joinChunks,
  loadProfile,
  openVault,
} from '@pandok/anonymizer'
import { IODS } from '../ps315/iods.ts'
import { instanceOf, isOfDataSet, plant } from '../ps315/planted.ts'
import { readRows } from '../ps315/table.ts'

const vault = openVault(new Uint8Array(32).fill(8), { prefix: 'LC', digits: 5 })
const profile = loadProfile(
  'name: all-kinds\nversion: 1\noptions: [retain-modified-dates, clean-descriptors, ' +
    'clean-structured-content, clean-graphics, retain-patient-characteristics, ' +
    'retain-safe-private]\npixels: { unseen: keep }\nfaces: keep\n',
)

export interface Output {
  /** Of the original; undefined: it was made here. */
  readonly source: string | undefined
  /** What it may be called in a message. */
  readonly name: string
  readonly path: string
}

/** Writes what is admitted below `root`, and every generated IOD, into `folder`. */
export function makeOutputs(root: string, folder: string): Output[] {
  const outputs: Output[] = []
  const make = (source: string | undefined, name: string, bytes: Uint8Array) => {
    const path = join(folder, `${outputs.length}.dcm`)
    try {
      writeFileSync(path, joinChunks(deidentify(bytes, { profile, vault }).chunks))
      outputs.push({ source, name, path })
    } catch (error) {
      if (!(error instanceof DicomError || error instanceof DeidError)) throw error
    }
  }
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || /\.(json|tsv|csv|gz|nii)$/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    make(path, path.slice(root.length + 1), readFileSync(path))
  }
  const planted = plant(readRows().filter(isOfDataSet))
  for (const [name, sopClassUid] of Object.entries(IODS)) {
    make(undefined, `generated ${name}`, instanceOf(sopClassUid, planted))
  }
  return outputs
}
