/** Builds elements and data sets. Text is written in UTF-8: say so in (0008,0005) = ISO_IR 192. */
import type { DataSet, Element, SequenceElement, Tag, ValueElement } from './model.ts'

const BINARY: Readonly<
  Record<string, [size: number, set: (view: DataView, at: number, n: number) => void]>
> = {
  US: [2, (view, at, n) => view.setUint16(at, n, true)],
  SS: [2, (view, at, n) => view.setInt16(at, n, true)],
  UL: [4, (view, at, n) => view.setUint32(at, n, true)],
  SL: [4, (view, at, n) => view.setInt32(at, n, true)],
  FL: [4, (view, at, n) => view.setFloat32(at, n, true)],
  FD: [8, (view, at, n) => view.setFloat64(at, n, true)],
}

/**
 * An element of one value or several. Numbers become DS or IS text, or the binary form of the VR;
 * AT takes tags such as '00080018'.
 */
export function value(
  tag: Tag,
  vr: ValueElement['vr'],
  content: string | number | Uint8Array | readonly string[] | readonly number[],
): ValueElement {
  return { kind: 'value', tag, vr, bytes: encode(vr, content) }
}

export function sequence(tag: Tag, items: readonly DataSet[]): SequenceElement {
  return { kind: 'sequence', tag, vr: 'SQ', items }
}

/** A data set in ascending order of tag; a later element replaces an earlier one of its tag. */
export function dataSet(elements: readonly Element[]): DataSet {
  const byTag = new Map<Tag, Element>()
  let isAscending = true
  let previous = ''
  for (const element of elements) {
    if (element.tag <= previous) isAscending = false
    previous = element.tag
    byTag.set(element.tag, element)
  }
  return isAscending ? byTag : new Map([...byTag].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The data set with `elements`, which ascend by tag, in place of its own of the same tags. */
export function replaced(dataSet: DataSet, elements: readonly Element[]): DataSet {
  const byTag = new Map<Tag, Element>()
  let at = 0
  for (const element of dataSet.values()) {
    for (
      let own = elements[at];
      own !== undefined && own.tag <= element.tag;
      own = elements[++at]
    ) {
      byTag.set(own.tag, own)
    }
    if (!byTag.has(element.tag)) byTag.set(element.tag, element)
  }
  for (const own of elements.slice(at)) byTag.set(own.tag, own)
  return byTag
}

const encoder = new TextEncoder()

function encode(
  vr: string,
  content: string | number | Uint8Array | readonly string[] | readonly number[],
): Uint8Array {
  if (content instanceof Uint8Array) return pad(content, 0)
  const values = typeof content === 'string' || typeof content === 'number' ? [content] : content
  const binary = BINARY[vr]
  if (binary !== undefined) {
    const [size, set] = binary
    const bytes = new Uint8Array(values.length * size)
    const view = new DataView(bytes.buffer)
    values.forEach((each, at) => {
      set(view, at * size, Number(each))
    })
    return bytes
  }
  if (vr === 'AT') {
    const bytes = new Uint8Array(values.length * 4)
    const view = new DataView(bytes.buffer)
    values.forEach((tag, at) => {
      view.setUint16(at * 4, Number.parseInt(String(tag).slice(0, 4), 16), true)
      view.setUint16(at * 4 + 2, Number.parseInt(String(tag).slice(4), 16), true)
    })
    return bytes
  }
  const text = values.map((each) => (vr === 'DS' ? decimal(each) : String(each))).join('\\')
  return pad(encoder.encode(text), vr === 'UI' ? 0 : 0x20)
}

/** Decimal String: at most 16 characters (PS3.5 6.2), as exact as they allow. */
export function decimal(each: string | number): string {
  if (typeof each === 'string') return each
  for (let digits = 17; digits > 0; digits--) {
    const text = Number(each.toPrecision(digits)).toString()
    if (text.length <= 16) return text
  }
  return each.toExponential(8)
}

function pad(bytes: Uint8Array, padding: number): Uint8Array {
  if (bytes.length % 2 === 0) return bytes
  const padded = new Uint8Array(bytes.length + 1)
  padded.set(bytes)
  padded[bytes.length] = padding
  return padded
}
