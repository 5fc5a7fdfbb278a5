/**
 * The process that parses and decodes archived files for whoever shows or sends them: one job a message.
 * Nothing but pixels, places and codes goes back.
 */
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { type DataSet, DicomError, getItems, readDicom } from '../dicom/index.ts'
import { DeidError } from '../errors.ts'
import { frameAlone, renderFrame } from '../pixels/frames/index.ts'
import { transcode, transcodeFrame } from '../pixels/index.ts'
import { loadFrameCodecs } from './frame-codecs.ts'
import { openFile } from './open-file.ts'
import { loadPictureWriter } from './picture.ts'
import type { PixelAnswer, PixelJob } from './pixel-pool.ts'

const ready = Promise.all([loadFrameCodecs(), loadPictureWriter()])
/** A value is looked for in a file that is read as a whole. */
const MAX_SEARCHED_BYTES = 768 * 2 ** 20

process.on('disconnect', () => process.exit(0))
process.on('message', (job: PixelJob) => {
  void answerTo(job)
    .catch(failure)
    .then((answer) => process.send?.(answer))
})

async function answerTo(job: PixelJob): Promise<PixelAnswer> {
  const [codecs, write] = await ready
  if (job.kind === 'locate') return locate(job.path, job.element)
  const source = openFile(job.path)
  try {
    const file = readDicom(source)
    switch (job.kind) {
      case 'transcode': {
        const made = transcode(file, source, job.transferSyntaxUid, codecs)
        const out = openSync(job.output, 'wx', 0o600)
        try {
          for (const piece of made.pieces) writeWhole(out, piece)
        } finally {
          closeSync(out)
        }
        return { kind: 'transcoded', frames: made.frames }
      }
      case 'frame': {
        const { frame, transferSyntaxUid } = job
        return {
          kind: 'bytes',
          bytes: transcodeFrame(file, source, frame, transferSyntaxUid, codecs),
        }
      }
      case 'render': {
        const alone = frameAlone(file, source, job.frame)
        const { dataSet, transferSyntaxUid } = alone.file
        const image = renderFrame(dataSet, transferSyntaxUid, alone.number, codecs, job)
        return { kind: 'bytes', bytes: write(image, job.mediaType, job.quality) }
      }
    }
  } finally {
    source.close()
  }
}

function writeWhole(out: number, piece: Uint8Array): void {
  for (let at = 0; at < piece.length; ) at += writeSync(out, piece, at)
}

/** Where the bytes of a value lie in the file. */
function locate(path: string, element: string): PixelAnswer {
  if (statSync(path).size > MAX_SEARCHED_BYTES) return { kind: 'failed', code: 'FILE_TOO_LARGE' }
  const bytes = readFileSync(path)
  const found = bytesAt(readDicom(bytes).dataSet, element.split('.'))
  if (found === undefined) return { kind: 'failed', code: 'ELEMENT_MISSING' }
  // Inflated values are somewhere else.
  if (found.buffer !== bytes.buffer) return { kind: 'failed', code: 'ELEMENT_NOT_IN_FILE' }
  return { kind: 'place', offset: found.byteOffset - bytes.byteOffset, length: found.length }
}

/** Tags and numbers of items, from 1, by turns. */
function bytesAt(dataSet: DataSet, [tag = '', item, ...rest]: string[]): Uint8Array | undefined {
  if (item === undefined) {
    const element = dataSet.get(tag)
    return element?.kind === 'value' && element.bytes.length > 0 ? element.bytes : undefined
  }
  const inner = getItems(dataSet, tag)[Number(item) - 1]
  return inner && bytesAt(inner, rest)
}

/** Only the code leaves: messages of foreign errors may hold values. */
function failure(error: unknown): PixelAnswer {
  const isCoded = error instanceof DicomError || error instanceof DeidError
  return { kind: 'failed', code: isCoded ? error.code : 'PIXELS_INTERNAL' }
}
