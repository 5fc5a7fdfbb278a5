/** A CT of many frames in one file, written frame by frame. */
import { open } from 'node:fs/promises'
import { dataSet, readDicom, value, writeDicom } from '@pandok/anonymizer/dicom'
import { makePhantom } from '../phantom/index.ts'

/** Frames of 512 by 512 by 16 bits, half a MiB each; gives the bytes of the pixel data, which come last. */
export async function writeMultiFrame(path: string, frames: number): Promise<number> {
  const [slice] = makePhantom({ seed: 1, size: 512, slices: 1 }).files
  const file = readDicom(slice?.bytes ?? new Uint8Array())
  const pixels = file.dataSet.get('7FE00010')
  if (pixels?.kind !== 'value') throw new Error('the phantom has no pixels')
  const { bytes } = pixels
  const whole = writeDicom({
    transferSyntaxUid: file.transferSyntaxUid,
    dataSet: dataSet([...file.dataSet.values(), value('00280008', 'IS', frames)]),
  })
  const head = whole.slice(0, whole.length - bytes.length)
  new DataView(head.buffer).setUint32(head.length - 4, bytes.length * frames, true)
  const output = await open(path, 'wx')
  try {
    await output.write(head)
    for (let frame = 0; frame < frames; frame++) {
      // No two frames are the same.
      bytes.set([frame & 0xff, frame >> 8])
      await output.write(bytes)
    }
  } finally {
    await output.close()
  }
  return bytes.length * frames
}
