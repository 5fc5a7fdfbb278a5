/** A series of CT files for the benches, each an instance of its own. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dataSet, readDicom, value, writeDicom } from '@pandok/anonymizer/dicom'
import { makePhantom } from '../phantom/index.ts'

const SLICES = 20
/** Folders of the usual size. */
const IN_A_FOLDER = 10_000

/** `size`: pixels of a side; 512 gives half a MiB. */
export async function makeFiles(
  folder: string,
  { files, size }: { files: number; size: number },
): Promise<void> {
  const slices = makePhantom({ seed: 1, size, slices: SLICES }).files.map(({ bytes }) =>
    readDicom(bytes),
  )
  for (let index = 0; index < files; index++) {
    const slice = slices[index % slices.length]
    if (slice === undefined) continue
    const inner = files <= IN_A_FOLDER ? '' : String(Math.floor(index / IN_A_FOLDER))
    if (index % IN_A_FOLDER === 0) await mkdir(join(folder, inner), { recursive: true })
    const own = dataSet([...slice.dataSet.values(), value('00080018', 'UI', `2.25.77${index}`)])
    const { transferSyntaxUid } = slice
    const bytes = writeDicom({ transferSyntaxUid, dataSet: own })
    await writeFile(join(folder, inner, `${index}.dcm`), bytes)
  }
}
