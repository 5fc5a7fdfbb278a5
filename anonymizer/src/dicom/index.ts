/** DICOM structure: read, look, build, write. Knows nothing of de-identification. */
export * from './access.ts'
export { isAscii } from './ascii.ts'
export { dataSet, decimal, replaced, sequence, value } from './build.ts'
export { decodeText } from './charset.ts'
export { dictionaryEntry, isPrivate, isTag, keywordOf, tagOf } from './dictionary.ts'
export { DicomError, type DicomErrorCode } from './errors.ts'
export { fragmentsByFrame } from './fragments.ts'
export { type ByteRange, type FramePlace, framePlaces } from './frames.ts'
export { type DicomJson, type DicomJsonElement, toDicomJson } from './json.ts'
export { createKnownElements, isKnown, type KnownElements } from './known-elements.ts'
export type * from './model.ts'
export { CHARSET_VRS, VRS } from './model.ts'
export { toNativeModel } from './native-model.ts'
export { DEFAULT_LIMITS, type ReadLimits, readDicom } from './read.ts'
export type { ByteSource, Span } from './source.ts'
export { loadElement, loadPixels } from './stored.ts'
export { swapped } from './swap.ts'
export * from './transfer-syntax.ts'
export { toUtf8 } from './utf8.ts'
export {
  encodeDicom,
  encodePieces,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  joinChunks,
  type Piece,
  writeDicom,
} from './write.ts'
