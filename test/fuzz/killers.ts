/**
 * Files that kill usual parsers by their structure: bombs, floods, depth, false lengths, texts that
 * make patterns slow. Each is made when asked for; large ones take part of the memory they may cost.
 */
import { constants, deflateRawSync } from 'node:zlib'
import {
  fileOf,
  ITEM_END,
  implicit,
  item,
  raw,
  SEQUENCE_END,
  UNDEFINED,
} from '../conformance/ps315/raw.ts'

const MIB = 1024 * 1024
const CT = '1.2.840.10008.5.1.4.1.1.2'
const IMPLICIT = '1.2.840.10008.1.2'
const DEFLATED = '1.2.840.10008.1.2.1.99'
const JPEG = '1.2.840.10008.1.2.4.50'

const head = [
  raw('00080005', 'CS', 'ISO_IR 192'),
  raw('00080008', 'CS', 'ORIGINAL\\PRIMARY\\AXIAL'),
  raw('00080016', 'UI', CT),
  raw('00080018', 'UI', '1.2.826.0.1.9001'),
  raw('00080060', 'CS', 'CT'),
]
const subject = [raw('00100010', 'PN', 'KIM^MINSU'), raw('00100020', 'LO', '20260417-55')]
const uids = [raw('0020000D', 'UI', '1.2.826.0.1.9002'), raw('0020000E', 'UI', '1.2.826.0.1.9003')]
const short = (tag: string, number: number) => raw(tag, 'US', Buffer.from([number, 0]))
const shape = [short('00280002', 1), short('00280010', 2), short('00280011', 2)]
const depth = short('00280100', 8)
const pixels = raw('7FE00010', 'OB', Buffer.from([1, 2, 3, 4]))
const image = [...head, ...subject, ...uids, ...shape, depth]

/** A readable CT with `more` right after its modality, or in the place of its pixels. */
const around = (...more: Buffer[]) =>
  fileOf([...head, ...more, ...subject, ...uids, ...shape, depth, pixels])
const ending = (...more: Buffer[]) => fileOf([...image, ...more])
const in_ = (transferSyntaxUid: string, ...elements: Buffer[]) => {
  const file = fileOf(elements)
  const at = file.indexOf('1.2.840.10008.1.2.1')
  const declared = Buffer.from(transferSyntaxUid.padEnd(20, '\0'), 'latin1')
  // Room for the longest: the value before it in the file is one of ours.
  if (declared.length === 20) {
    declared.copy(file, at)
    return file
  }
  const meta = file.subarray(0, at - 2)
  const length = Buffer.alloc(2)
  length.writeUInt16LE(declared.length)
  const whole = Buffer.concat([meta, length, declared, file.subarray(at + 20)])
  whole.writeUInt32LE(whole.readUInt32LE(140) + declared.length - 20, 140)
  return whole
}

/** A stream that inflates to `bytes` zeros behind the data set. */
function bomb(bytes: number, before: Buffer): Buffer {
  const block = deflateRawSync(Buffer.alloc(16 * MIB), {
    level: 9,
    finishFlush: constants.Z_FULL_FLUSH,
  })
  const start = deflateRawSync(before, { finishFlush: constants.Z_FULL_FLUSH })
  const blocks = Array<Buffer>(Math.ceil(bytes / (16 * MIB))).fill(block)
  return Buffer.concat([start, ...blocks, Buffer.from([3, 0])])
}

function nested(levels: number, inside: Buffer): Buffer {
  const open = Buffer.concat([
    raw('00082218', 'SQ', '', UNDEFINED),
    implicit('FFFEE000', '', UNDEFINED),
  ])
  const close = Buffer.concat([ITEM_END, SEQUENCE_END])
  return Buffer.concat([
    ...Array<Buffer>(levels).fill(open),
    inside,
    ...Array<Buffer>(levels).fill(close),
  ])
}

const repeated = (part: Buffer, bytes: number) => Buffer.alloc(bytes, part)

/** Ascending tags of empty elements, as many as fit. */
function emptyElements(bytes: number): Buffer {
  const flood = Buffer.alloc(bytes)
  for (let at = 0; at + 8 <= bytes; at += 8) {
    const number = 0x00100000 + 0x3000 + at / 8
    flood.writeUInt16LE(number >>> 16, at)
    flood.writeUInt16LE(number & 0xffff, at + 2)
    flood.write('LO', at + 4)
  }
  return flood
}

const text = (words: string, bytes: number) =>
  around(raw('00082111', 'UT', Buffer.alloc(bytes, words)))
const fragments = (...parts: Buffer[]) =>
  in_(JPEG, ...image, raw('7FE00010', 'OB', Buffer.concat([...parts, SEQUENCE_END]), UNDEFINED))

const implicitImage = (...more: Buffer[]) =>
  in_(
    IMPLICIT,
    ...image.slice(0, 5).map(asImplicit),
    ...more,
    ...image.slice(5).map(asImplicit),
    implicit('7FE00010', Buffer.from([1, 2, 3, 4])),
  )

/** Of an element with a short header. */
function asImplicit(element: Buffer): Buffer {
  const tag = element.readUInt16LE(0).toString(16).padStart(4, '0')
  const number = element.readUInt16LE(2).toString(16).padStart(4, '0')
  return implicit(tag + number, element.subarray(8))
}

export const KILLERS: Readonly<Record<string, () => Buffer>> = {
  'a deflate bomb of 256 MiB': () =>
    in_(DEFLATED, bomb(256 * MIB, Buffer.concat([...image, raw('7FE00010', 'OB', '')]))),
  'a deflate bomb of 1 GiB': () => in_(DEFLATED, bomb(1024 * MIB, Buffer.concat(image))),
  'a deflate bomb of 1 GiB as one value': () =>
    in_(
      DEFLATED,
      bomb(1024 * MIB, Buffer.concat([...image, raw('7FE00010', 'OB', '', 1024 * MIB)])),
    ),
  'a deflate bomb of 5 GiB': () => in_(DEFLATED, bomb(5 * 1024 * MIB, Buffer.concat(image))),
  ...Object.fromEntries(
    [1_000, 2_000, 10_000, 100_000].map((levels) => [
      `sequences ${levels} deep`,
      () => around(nested(levels, Buffer.alloc(0))),
    ]),
  ),
  'a sequence 50 deep with 8 MiB in it': () =>
    around(nested(50, raw('00281202', 'OW', Buffer.alloc(8 * MIB)))),
  'a sequence 200 deep with 8 MiB in it': () =>
    around(nested(200, raw('00281202', 'OW', Buffer.alloc(8 * MIB)))),
  'a sequence 300 deep with 32 MiB in it': () =>
    around(nested(300, raw('00281202', 'OW', Buffer.alloc(32 * MIB)))),
  'a sequence 15 deep with 32 MiB in it': () =>
    around(nested(15, raw('00281202', 'OW', Buffer.alloc(32 * MIB)))),
  '24 MiB of empty items': () =>
    around(raw('00082218', 'SQ', repeated(item(Buffer.alloc(0)), 24 * MIB))),
  '24 MiB of empty elements': () => fileOf([...head, ...subject, emptyElements(24 * MIB)]),
  '24 MiB of empty elements in an item': () =>
    around(raw('00082218', 'SQ', item(emptyElements(24 * MIB)))),
  '24 MiB of empty fragments': () => fragments(repeated(item(Buffer.alloc(0)), 24 * MIB)),
  'an offset table of 20,000 zeros': () =>
    fragments(item(Buffer.alloc(80_000)), ...Array<Buffer>(19_000).fill(item(Buffer.alloc(420)))),
  'frames: 2147483647, no pixels': () =>
    fileOf([
      ...head,
      ...subject,
      ...uids,
      short('00280002', 1),
      raw('00280008', 'IS', '2147483647'),
      ...shape.slice(1),
      depth,
      raw('7FE00010', 'OB', ''),
    ]),
  ...Object.fromEntries(
    ['2147483647', '0', '1e9', '-1', '1.5', '99999999999999999999', ' ', 'NaN'].map((frames) => [
      `frames: ${frames}`,
      () =>
        fileOf([
          ...head,
          ...subject,
          ...uids,
          short('00280002', 1),
          raw('00280008', 'IS', frames),
          ...shape.slice(1),
          depth,
          raw('7FE00010', 'OB', Buffer.alloc(64)),
        ]),
    ]),
  ),
  'rows and columns of 65,535': () =>
    fileOf([
      ...head,
      ...subject,
      ...uids,
      short('00280002', 1),
      raw('00280010', 'US', Buffer.from([255, 255])),
      raw('00280011', 'US', Buffer.from([255, 255])),
      depth,
      pixels,
    ]),
  'a code of 32 MiB': () => implicitImage(implicit('00080061', Buffer.alloc(32 * MIB, 'A'))),
  '32 MiB of backslashes in CS': () =>
    implicitImage(implicit('00080061', Buffer.alloc(32 * MIB, '\\'))),
  '32 MiB of backslashes in DS': () =>
    implicitImage(implicit('00089459', Buffer.alloc(32 * MIB, '\\'))),
  '32 MiB of backslashes in UI': () =>
    implicitImage(implicit('00081155', Buffer.alloc(32 * MIB, '\\'))),
  '32 MiB of backslashes in PN': () =>
    implicitImage(implicit('00081048', Buffer.alloc(32 * MIB, '\\'))),
  '16 MiB of names': () => implicitImage(implicit('00081048', Buffer.alloc(16 * MIB, 'KIM^A=\\'))),
  '16 MiB of different names': () => implicitImage(implicit('00081048', manyNames(MIB).join('\\'))),
  ...Object.fromEntries(
    [
      ['letters', 'a'],
      ['digits', '1'],
      ['letters and points', 'a.'],
      ['almost addresses', 'a@a.'],
      ['almost telephone numbers', '010-'],
      ['almost dates', '2020-1-'],
      ['almost resident numbers', '630417-'],
      ['separators', '- '],
      ['blanks', ' '],
      ['titles', 'dr. a'],
      ['months', 'jan '],
      ['combining marks', '\u1112\u1161'],
      ['the name', 'KIM MINSU '],
    ].map(([name = '', words = '']) => [`6 MiB of ${name}`, () => text(words, 6 * MIB)]),
  ),
  '24 MiB of letters': () => text('a', 24 * MIB),
  'names in many items': () =>
    around(
      raw(
        '00082218',
        'SQ',
        Buffer.concat(manyNames(4_000).map((name) => item(raw('00081048', 'PN', name)))),
      ),
    ),
  'no byte': () => Buffer.alloc(0),
  'one byte': () => Buffer.alloc(1),
  '131 bytes': () => Buffer.alloc(131),
  'DICM only': () => Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]),
  ...Object.fromEntries(
    ['OB', 'OW', 'UN', 'UT', 'UC', 'SQ'].map((vr) => [
      `${vr} of 0xFFFFFFFE bytes`,
      () => around(raw('00081199', vr, Buffer.alloc(64), 0xfffffffe)),
    ]),
  ),
  'an implicit value of 0xFFFFFFFE bytes': () =>
    implicitImage(implicit('00081030', Buffer.alloc(64), 0xfffffffe)),
  'an item of 0xFFFFFFFE bytes': () =>
    around(raw('00082218', 'SQ', item(Buffer.alloc(16), 0xfffffffe))),
  'pixel data of 4 GiB that are not there': () =>
    ending(raw('7FE00010', 'OB', Buffer.alloc(64), 0xfffffff0)),
  'a meta group length of 0xFFFFFFF0': () => {
    const file = ending(pixels)
    file.writeUInt32LE(0xfffffff0, 140)
    return file
  },
  'a meta group length of one element more': () => {
    const file = ending(pixels)
    file.writeUInt32LE(file.readUInt32LE(140) + (head[0]?.length ?? 0), 140)
    return file
  },
  'a null byte in the name': () =>
    fileOf([
      ...head,
      raw('00100010', 'PN', 'SHOWN\0HIDDEN^REAL'),
      subject[1] ?? pixels,
      ...uids,
      ...shape,
      depth,
      pixels,
    ]),
  'the name twice': () =>
    fileOf([...head, subject[0] ?? pixels, ...subject, ...uids, ...shape, depth, pixels]),
  'implicit elements under an explicit syntax': () =>
    fileOf([...image.map(asImplicit), implicit('7FE00010', Buffer.from([1, 2, 3, 4]))]),
}

function manyNames(count: number): string[] {
  return Array.from(
    { length: count },
    (_, at) => `N${at.toString(36).padStart(6, 'Q')}^G${at % 997}`,
  )
}
