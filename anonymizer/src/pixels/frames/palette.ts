/** Palette Color Lookup Tables (PS3.3 C.7.6.3.1.5, C.7.9), without segments. */
import { type DataSet, getBytes } from '../../dicom/index.ts'

export interface Palette {
  /** The stored value of entry 0; lower ones take it too, higher ones than the last the last. */
  readonly firstMapped: number
  /** One entry after the other, 0 to 255. */
  readonly red: Uint8Array
  readonly green: Uint8Array
  readonly blue: Uint8Array
}

/** Undefined when there is none that can be read. */
export function paletteOf(dataSet: DataSet): Palette | undefined {
  const [red, green, blue] = ['00281101', '00281102', '00281103'].map((descriptor, at) =>
    tableOf(dataSet, descriptor, `0028120${at + 1}`),
  )
  if (red === undefined || green === undefined || blue === undefined) return undefined
  return {
    firstMapped: red.firstMapped,
    red: red.entries,
    green: green.entries,
    blue: blue.entries,
  }
}

function tableOf(
  dataSet: DataSet,
  descriptorTag: string,
  dataTag: string,
): { firstMapped: number; entries: Uint8Array } | undefined {
  const descriptor = getBytes(dataSet, descriptorTag)
  const data = getBytes(dataSet, dataTag)
  if (descriptor?.length !== 6 || data === undefined) return undefined
  const view = new DataView(descriptor.buffer, descriptor.byteOffset, 6)
  const length = view.getUint16(0, true) || 65_536
  const isSigned = dataSet.get(descriptorTag)?.vr === 'SS'
  const firstMapped = isSigned ? view.getInt16(2, true) : view.getUint16(2, true)
  // Some write entries of 8 bits in words of 16, and say 16 bits; the length tells.
  const isWide = data.length >= 2 * length
  if (data.length < length) return undefined
  const words = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const wide = Array.from({ length }, (_, at) =>
    isWide ? words.getUint16(at * 2, true) : (data[at] ?? 0),
  )
  const isScaled = isWide && wide.some((entry) => entry > 255)
  return { firstMapped, entries: Uint8Array.from(wide, (entry) => (isScaled ? entry >> 8 : entry)) }
}

/** The entry that a stored value shows. */
export function paletteIndex(palette: Palette, stored: number): number {
  return Math.min(palette.red.length - 1, Math.max(0, stored - palette.firstMapped))
}
