/**
 * Writes data sets in every way that the standard allows and the anonymizer's own writer never does:
 * implicit VR, undefined lengths, big endian, deflated (PS3.5 annex A). Out: a Part 10 file, and where
 * its elements and items begin.
 */
import { deflateRawSync } from 'node:zlib'
import type { DataSet, Element } from '@pandok/anonymizer/dicom'

export interface Form {
  readonly transferSyntaxUid: string
  readonly isUndefinedLength?: boolean
}

export interface Encoded {
  readonly bytes: Buffer
  readonly edges: readonly number[]
}

const IMPLICIT = '1.2.840.10008.1.2'
const DEFLATED = '1.2.840.10008.1.2.1.99'
const BIG_ENDIAN = '1.2.840.10008.1.2.2'
const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])
const UNDEFINED = 0xffffffff
/** Bytes that big endian turns round together. */
const WORDS: Readonly<Record<string, number>> = {
  AT: 2,
  FD: 8,
  FL: 4,
  OD: 8,
  OF: 4,
  OL: 4,
  OV: 8,
  OW: 2,
  SL: 4,
  SS: 2,
  SV: 8,
  UL: 4,
  US: 2,
  UV: 8,
}

interface Writing extends Form {
  readonly parts: Buffer[]
  readonly edges: number[]
  at: number
}

export function encodeAs(dataSet: DataSet, form: Form): Encoded {
  const meta: Writing = { transferSyntaxUid: '1.2.840.10008.1.2.1', parts: [], edges: [], at: 0 }
  for (const [tag, vr, text] of [
    ['00020001', 'OB', '\0\x01'],
    ['00020002', 'UI', '1.2.840.10008.5.1.4.1.1.2'],
    ['00020003', 'UI', '1.2.3.4'],
    ['00020010', 'UI', form.transferSyntaxUid],
    ['00020012', 'UI', '1.2.3'],
  ] as const) {
    const padded = text.length % 2 === 0 ? text : `${text}\0`
    writeElement(meta, { kind: 'value', tag, vr, bytes: Buffer.from(padded, 'latin1') })
  }
  const group = Buffer.alloc(12)
  group.writeUInt16LE(2, 0)
  group.write('UL', 4)
  group.writeUInt16LE(4, 6)
  group.writeUInt32LE(meta.at, 8)
  const head = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), group, ...meta.parts])
  const body: Writing = { ...form, parts: [], edges: [], at: 0 }
  for (const element of dataSet.values()) writeElement(body, element)
  const whole = Buffer.concat(body.parts)
  const isDeflated = form.transferSyntaxUid === DEFLATED
  return {
    bytes: Buffer.concat([head, isDeflated ? deflateRawSync(whole) : whole]),
    edges: isDeflated ? [head.length] : body.edges.map((edge) => edge + head.length),
  }
}

function writeElement(writing: Writing, element: Element): void {
  const { tag, vr } = element
  writing.edges.push(writing.at)
  if (element.kind === 'fragments') {
    writeHead(writing, tag, vr, UNDEFINED)
    for (const part of [element.offsetTable, ...element.fragments]) {
      writeMark(writing, 0xe000, part.length)
      push(writing, Buffer.from(part))
    }
    writeMark(writing, 0xe0dd, 0)
    return
  }
  if (element.kind === 'stored') throw new Error('only what is in memory is written here')
  if (element.kind === 'value') {
    writeHead(writing, tag, vr, element.bytes.length)
    push(writing, swapped(writing, vr, element.bytes))
    return
  }
  if (writing.isUndefinedLength === true) {
    writeHead(writing, tag, vr, UNDEFINED)
    for (const item of element.items) {
      writeMark(writing, 0xe000, UNDEFINED)
      for (const inner of item.values()) writeElement(writing, inner)
      writeMark(writing, 0xe00d, 0)
    }
    writeMark(writing, 0xe0dd, 0)
    return
  }
  // Its length is known only when its items are written.
  const inner: Writing = { ...writing, parts: [], edges: [], at: 0 }
  for (const item of element.items) {
    const content: Writing = { ...writing, parts: [], edges: [], at: 0 }
    for (const each of item.values()) writeElement(content, each)
    writeMark(inner, 0xe000, content.at)
    inner.edges.push(...content.edges.map((edge) => edge + inner.at))
    for (const part of content.parts) push(inner, part)
  }
  writeHead(writing, tag, vr, inner.at)
  writing.edges.push(...inner.edges.map((edge) => edge + writing.at))
  for (const part of inner.parts) push(writing, part)
}

function writeHead(writing: Writing, tag: string, vr: string, length: number): void {
  const isImplicit = writing.transferSyntaxUid === IMPLICIT
  const isLong = LONG.has(vr)
  const head = Buffer.alloc(isImplicit || !isLong ? 8 : 12)
  const isBig = writing.transferSyntaxUid === BIG_ENDIAN
  const short = (number: number, at: number) =>
    isBig ? head.writeUInt16BE(number, at) : head.writeUInt16LE(number, at)
  const long = (number: number, at: number) =>
    isBig ? head.writeUInt32BE(number, at) : head.writeUInt32LE(number, at)
  short(Number.parseInt(tag.slice(0, 4), 16), 0)
  short(Number.parseInt(tag.slice(4), 16), 2)
  if (isImplicit) {
    long(length, 4)
  } else {
    head.write(vr, 4, 'latin1')
    if (isLong) long(length, 8)
    else short(length, 6)
  }
  push(writing, head)
}

function writeMark(writing: Writing, element: number, length: number): void {
  const mark = Buffer.alloc(8)
  const isBig = writing.transferSyntaxUid === BIG_ENDIAN
  if (isBig) {
    mark.writeUInt16BE(0xfffe, 0)
    mark.writeUInt16BE(element, 2)
    mark.writeUInt32BE(length, 4)
  } else {
    mark.writeUInt16LE(0xfffe, 0)
    mark.writeUInt16LE(element, 2)
    mark.writeUInt32LE(length, 4)
  }
  writing.edges.push(writing.at)
  push(writing, mark)
}

function swapped(writing: Writing, vr: string, bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes)
  if (writing.transferSyntaxUid !== BIG_ENDIAN) return copy
  switch (WORDS[vr]) {
    case 2:
      return copy.swap16()
    case 4:
      return copy.swap32()
    case 8:
      return copy.swap64()
    default:
      return copy
  }
}

function push(writing: Writing, part: Buffer): void {
  writing.parts.push(part)
  writing.at += part.length
}
