/** Pixel data of a large file, fetched from their source when somebody has to look at them. */
import { dataSet } from './build.ts'
import type { DicomFile, FragmentsElement, StoredElement, ValueElement } from './model.ts'
import type { ByteSource, Span } from './source.ts'

/** The same element with its bytes; `source` is what the data set was read from. */
export function loadElement(
  { tag, vr, spans, offsetTable }: StoredElement,
  source: ByteSource,
): ValueElement | FragmentsElement {
  const parts = spans.map(({ offset, length }) => source.read(offset, length))
  if (offsetTable !== undefined) {
    return { kind: 'fragments', tag, vr: 'OB', offsetTable, fragments: parts }
  }
  return { kind: 'value', tag, vr, bytes: parts[0] ?? new Uint8Array() }
}

export function bytesIn(spans: readonly Span[]): number {
  return spans.reduce((sum, { length }) => sum + length, 0)
}

/** The same file with its pixel data in memory; `input` is what it was read from. */
export function loadPixels(file: DicomFile, input: Uint8Array | ByteSource): DicomFile {
  const stored = file.dataSet.get(PIXEL_DATA)
  if (stored?.kind !== 'stored' || input instanceof Uint8Array) return file
  return {
    ...file,
    dataSet: dataSet([...file.dataSet.values(), loadElement(stored, input)]),
  }
}

const PIXEL_DATA = '7FE00010'
