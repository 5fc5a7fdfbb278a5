/**
 * What a file holds as a list that readers can be compared by: a row for each element at every level,
 * with the bytes of its value before anybody converts them.
 */
import { createHash } from 'node:crypto'
import {
  CHARSET_VRS,
  characterSetOf,
  type DataSet,
  decodeText,
  type Element,
  readDicom,
} from '@pandok/anonymizer/dicom'
import dicomParser from 'dicom-parser'

export interface ElementRow {
  /** Tags from the outside in, items counted from 0: 00081140[0].00081155 */
  readonly path: string
  readonly vr: string
  /** Bytes of a value, items of a sequence; -1: encapsulated pixel data. */
  readonly length: number
  /** SHA-1 of the value, or of all fragments with their lengths; '' for sequences. */
  readonly digest: string
}

/** How an element reads; only our own reader says both. */
export interface OwnRow extends ElementRow {
  readonly bytes: Uint8Array
  /** Of texts that (0008,0005) governs. */
  readonly words: string | undefined
}

export function ownRows(file: Uint8Array): OwnRow[] {
  const { meta, dataSet } = readDicom(file)
  const rows: OwnRow[] = []
  collect(meta, '', [], rows)
  collect(dataSet, '', characterSetOf(dataSet), rows)
  return rows
}

function collect(set: DataSet, prefix: string, inherited: readonly string[], rows: OwnRow[]): void {
  const own = characterSetOf(set)
  const characterSet = own.length > 0 ? own : inherited
  for (const element of set.values()) {
    rows.push(ownRow(element, prefix, characterSet))
    if (element.kind !== 'sequence') continue
    element.items.forEach((item, at) => {
      collect(item, `${prefix}${element.tag}[${at}].`, characterSet, rows)
    })
  }
}

function ownRow(element: Element, prefix: string, characterSet: readonly string[]): OwnRow {
  const path = prefix + element.tag
  const { vr } = element
  const none = { bytes: new Uint8Array(), words: undefined }
  switch (element.kind) {
    case 'sequence':
      return { path, vr, length: element.items.length, digest: '', ...none }
    case 'fragments': {
      const digest = digestOf([element.offsetTable, ...element.fragments])
      return { path, vr, length: -1, digest, ...none }
    }
    case 'value': {
      const { bytes } = element
      const isGoverned = CHARSET_VRS.has(element.vr)
      const words = isGoverned ? decodeText(bytes, characterSet, vr === 'PN') : undefined
      return { path, vr, length: bytes.length, digest: sha1(bytes), bytes, words }
    }
    case 'stored':
      throw new Error('a file in memory stores nothing elsewhere')
  }
}

/** As dicom-parser reads it. */
export function dicomParserRows(file: Uint8Array): ElementRow[] {
  const rows: ElementRow[] = []
  const walk = (set: dicomParser.DataSet, prefix: string) => {
    // It puts group 0002 behind the rest.
    const elements = Object.values(set.elements).sort((a, b) => (a.tag < b.tag ? -1 : 1))
    for (const element of elements) {
      const path = prefix + element.tag.slice(1).toUpperCase()
      const vr = element.vr ?? ''
      const at = element.dataOffset
      if (element.items !== undefined || vr === 'SQ') {
        const items = element.items ?? []
        rows.push({ path, vr, length: items.length, digest: '' })
        items.forEach((item, index) => {
          if (item.dataSet !== undefined) walk(item.dataSet, `${path}[${index}].`)
        })
      } else if (element.fragments !== undefined) {
        // The first item is the offset table: its length stands before its first number.
        const table = file.subarray(at + 8, at + 8 + (element.basicOffsetTable?.length ?? 0) * 4)
        const parts = element.fragments.map(({ position, length }) =>
          file.subarray(position, position + length),
        )
        rows.push({ path, vr, length: -1, digest: digestOf([table, ...parts]) })
      } else {
        const bytes = file.subarray(at, at + element.length)
        rows.push({ path, vr, length: bytes.length, digest: sha1(bytes) })
      }
    }
  }
  walk(dicomParser.parseDicom(Buffer.from(file.buffer, file.byteOffset, file.byteLength)), '')
  return rows
}

function digestOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha1')
  for (const part of parts) {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(part.length + (part.length % 2))
    hash.update(length).update(part)
    if (part.length % 2 === 1) hash.update(Buffer.alloc(1))
  }
  return hash.digest('hex')
}

export function sha1(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}
