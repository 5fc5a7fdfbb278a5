/** Pixel data of a large file, fetched from their source when somebody has to look at them. */
import type { FragmentsElement, StoredElement, ValueElement } from './model.ts'
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
