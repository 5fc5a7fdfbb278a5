/** Frames read back through the index are the frames that were written, whatever their layout. */
import {
  type DataSet,
  dataSet,
  framePlaces,
  readDicom,
  value,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameIndex, plainRange, readFrame } from './frame-index.ts'

const NATIVE = '1.2.840.10008.1.2.1'
const JPEG = '1.2.840.10008.1.2.4.50'

function stored(source: DataSet, transferSyntaxUid: string) {
  const file = Buffer.from(writeDicom({ transferSyntaxUid, dataSet: source }))
  // As the database gives it back.
  const json: unknown = JSON.parse(JSON.stringify(framePlaces(file, readDicom(file))))
  const reads: { offset: number; length: number }[] = []
  const blobs = {
    read: (_area: string, _sha256: string, range?: { offset: number; length: number }) => {
      if (range === undefined) throw new Error('a frame is never the whole file')
      reads.push(range)
      return Promise.resolve(Buffer.from(file.subarray(range.offset, range.offset + range.length)))
    },
  }
  const frames = FrameIndex.parse(json)
  return {
    frames,
    reads,
    read: (n: number) => readFrame(blobs, 'archive', { sha256: '', frames }, n),
  }
}

const header = (rows: number, columns: number, bits: number, frames: number) => [
  value('00080018', 'UI', '1.2.3'),
  value('00280002', 'US', 1),
  value('00280008', 'IS', frames),
  value('00280010', 'US', rows),
  value('00280011', 'US', columns),
  value('00280100', 'US', bits),
]

describe('reading', () => {
  test('packed frames of one bit come out from the lowest bit on, the rest 0', async () => {
    const size = fc.integer({ min: 1, max: 9 })
    await fc.assert(
      fc.asyncProperty(
        size,
        size,
        size,
        fc.infiniteStream(fc.boolean()),
        async (rows, columns, count, stream) => {
          const bits = [...stream.take(rows * columns * count)]
          const { read } = stored(
            dataSet([...header(rows, columns, 1, count), value('7FE00010', 'OW', packed(bits))]),
            NATIVE,
          )
          for (let frame = 1; frame <= count; frame++) {
            const own = bits.slice((frame - 1) * rows * columns, frame * rows * columns)
            const bytes = await read(frame)
            expect([...(bytes ?? [])]).toEqual([...packed(own)])
          }
        },
      ),
    )
  })

  test('fragments of a frame are joined, without what is between them, in one read', async () => {
    const fragments = ['ffd80102', '03040506', '0708ffd9', 'ffd8ffd9'].map((hex) =>
      Uint8Array.from(Buffer.from(hex, 'hex')),
    )
    const { read, reads } = stored(
      dataSet([
        ...header(1, 1, 8, 2),
        { kind: 'fragments', tag: '7FE00010', vr: 'OB', offsetTable: new Uint8Array(), fragments },
      ]),
      JPEG,
    )
    expect((await read(1))?.toString('hex')).toBe('ffd80102030405060708ffd9')
    expect((await read(2))?.toString('hex')).toBe('ffd8ffd9')
    expect(reads).toHaveLength(2)
  })

  test.each([0, -1, 3, 1.5, Number.NaN])('there is no frame %d of two', async (frame) => {
    const { read } = stored(
      dataSet([...header(1, 1, 8, 2), value('7FE00010', 'OB', Uint8Array.of(1, 2))]),
      NATIVE,
    )
    expect(await read(frame)).toBeUndefined()
  })
})

describe('forms', () => {
  test.each<[string, unknown, boolean]>([
    ['none', [], true],
    ['one range', [[0, 1]], true],
    ['bits', [[4, 2, 7, 9]], true],
    [
      'fragments',
      [
        [
          [0, 4],
          [12, 0],
        ],
      ],
      true,
    ],
    ['no byte', [[0, 0]], false],
    ['before the file', [[-1, 4]], false],
    ['half a byte', [[0, 0.5]], false],
    ['bit 8', [[0, 2, 8, 9]], false],
    ['one fragment is a range', [[[0, 4]]], false],
    ['three numbers', [[0, 4, 1]], false],
    ['an object', [{ offset: 0, length: 4 }], false],
    ['nothing', [null], false],
    ['beyond what a number holds', [[2 ** 53, 1]], false],
  ])('%s', (_name, json, isValid) => {
    expect(FrameIndex.safeParse(json).success).toBe(isValid)
  })

  test.each<[FrameIndex[number], { offset: number; length: number } | undefined]>([
    [[5, 7], { offset: 5, length: 7 }],
    [[5, 7, 1, 50], undefined],
    [
      [
        [5, 7],
        [20, 2],
      ],
      undefined,
    ],
  ])('%j can be sent as it lies: %j', (place, range) => {
    expect(plainRange(place)).toEqual(range)
  })
})

/** The first bit is the lowest of the first byte (PS3.5 8.1.1). */
function packed(bits: readonly boolean[]): Uint8Array {
  const out = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [at, bit] of bits.entries()) {
    if (bit) out[at >> 3] = (out[at >> 3] ?? 0) | (1 << (at & 7))
  }
  return out
}
