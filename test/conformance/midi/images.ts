/**
 * Images with a text that a person has marked, in several encodings: the marked boxes have to be
 * hidden, all other pixels retained. Decoded by programs that are not ours, before and after.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  dataSet,
  type Element,
  getBytes,
  readDicom,
  value,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import type { FrameCodecs, FrameShape, Region } from '@pandok/anonymizer/pixels'

const ROWS = 48
const COLUMNS = 96
const FRAMES = 2
const NATIVE = '1.2.840.10008.1.2.1'
/** Name → transfer syntax, and the command that decodes it, without input and output. */
const ENCODINGS: Readonly<Record<string, readonly [uid: string, decoder: readonly string[]]>> = {
  native: [NATIVE, ['dcmconv', '+te']],
  RLE: ['1.2.840.10008.1.2.5', ['dcmdrle']],
  'JPEG-LS': ['1.2.840.10008.1.2.4.80', ['dcmdjpls']],
  'JPEG 2000': ['1.2.840.10008.1.2.4.90', ['gdcmconv', '--raw']],
}

/** Without their programs nobody can judge the images. */
export const hasDecoders = Object.values(ENCODINGS).every(([, [command = '']]) =>
  existsSync(`/usr/bin/${command}`),
)

/** Modality → SOP class. */
const KINDS = {
  US: '1.2.840.10008.5.1.4.1.1.3.1',
  SC: '1.2.840.10008.5.1.4.1.1.7.2',
  XA: '1.2.840.10008.5.1.4.1.1.12.1',
} as const

/** Two lines of a header, and one that only the second frame has. */
export const REGIONS: readonly Region[] = [
  { left: 4, top: 3, width: 61, height: 9, frames: 'all' },
  { left: 4, top: 14, width: 33, height: 9, frames: 'all' },
  { left: 50, top: 37, width: 46, height: 11, frames: [2] },
]

export interface MarkedImage {
  readonly name: string
  readonly bytes: Uint8Array
  readonly decode: (file: Uint8Array) => Uint8Array
  readonly bytesPerPixel: number
}

export function makeImages(codecs: FrameCodecs, patientId: string): MarkedImage[] {
  return Object.entries(KINDS).flatMap(([modality, sopClassUid], kind) =>
    Object.entries(ENCODINGS).flatMap(([encoding, [uid, decoder]], at) =>
      ([8, 16] as const).map((bits) => ({
        name: `${modality}, ${bits} bits, ${encoding}`,
        bytes: written(codecs, uid, bits, [
          value('00080016', 'UI', sopClassUid),
          value('00080018', 'UI', `1.2.826.8.${kind}.${at}.${bits}`),
          value('00080060', 'CS', modality),
          value('00100020', 'LO', patientId),
          value('0020000D', 'UI', '1.2.826.8.1'),
          value('0020000E', 'UI', `1.2.826.8.1.${kind}`),
        ]),
        decode: (file: Uint8Array) => decoded(file, decoder),
        bytesPerPixel: bits / 8,
      })),
    ),
  )
}

/** Boxes of the frame, which counts from 1. */
export function boxesIn(frame: number): readonly Region[] {
  return REGIONS.filter(({ frames }) => frames === 'all' || frames.includes(frame))
}

/** Frames after each other, as offsets of bytes: each pixel, and whether a box covers it. */
export function* pixelsOf(bytesPerPixel: number) {
  for (let at = 0; at < FRAMES * ROWS * COLUMNS; at++) {
    const frame = Math.floor(at / (ROWS * COLUMNS)) + 1
    const row = Math.floor(at / COLUMNS) % ROWS
    const column = at % COLUMNS
    const isMarked = boxesIn(frame).some(
      ({ left, top, width, height }) =>
        column >= left && column < left + width && row >= top && row < top + height,
    )
    yield { frame, isMarked, from: at * bytesPerPixel, to: (at + 1) * bytesPerPixel }
  }
}

/** Noise of which no value is 0: what is blanked is told from what is not. */
function written(codecs: FrameCodecs, uid: string, bits: 8 | 16, own: readonly Element[]) {
  const size = (ROWS * COLUMNS * bits) / 8
  const frames = Array.from({ length: FRAMES }, (_, frame) =>
    Uint8Array.from(
      { length: size },
      (_byte, at) => 1 + ((at * 131 + (at >> 7) * 17 + frame * 59) % 250),
    ),
  )
  const shape: FrameShape = {
    rows: ROWS,
    columns: COLUMNS,
    samplesPerPixel: 1,
    bitsAllocated: bits,
    bitsStored: bits,
    highBit: bits - 1,
    isSigned: false,
    isFloat: false,
    isPlanar: false,
    photometricInterpretation: 'MONOCHROME2',
  }
  const pixels: Element =
    uid === NATIVE
      ? value('7FE00010', 'OW', Buffer.concat(frames))
      : {
          kind: 'fragments',
          tag: '7FE00010',
          vr: 'OB',
          offsetTable: new Uint8Array(),
          fragments: frames.map((bytes) => encoded(codecs, uid, bytes, shape)),
        }
  return writeDicom({
    transferSyntaxUid: uid,
    dataSet: dataSet([
      ...own,
      value('00280002', 'US', 1),
      value('00280004', 'CS', 'MONOCHROME2'),
      value('00280008', 'IS', FRAMES),
      value('00280010', 'US', ROWS),
      value('00280011', 'US', COLUMNS),
      value('00280100', 'US', bits),
      value('00280101', 'US', bits),
      value('00280102', 'US', bits - 1),
      value('00280103', 'US', 0),
      value('00280301', 'CS', 'YES'),
      pixels,
    ]),
  })
}

function encoded(codecs: FrameCodecs, uid: string, bytes: Uint8Array, shape: FrameShape) {
  const frame = codecs.encode(uid, { bytes, shape })
  if (frame === undefined) throw new Error('this encoding cannot hold the image')
  return frame
}

function decoded(file: Uint8Array, [command = '', ...flags]: readonly string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'pandok-midi-'))
  try {
    writeFileSync(join(folder, 'in.dcm'), file)
    execFileSync(command, [...flags, join(folder, 'in.dcm'), join(folder, 'out.dcm')])
    const { dataSet: set } = readDicom(readFileSync(join(folder, 'out.dcm')))
    return (getBytes(set, '7FE00010') ?? new Uint8Array()).subarray(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
