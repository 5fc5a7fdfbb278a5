/** Faces that could be rendered from images of heads (PS3.15 E.3.2). */
export { defaceFrame } from './deface.ts'
export { couldShowFace, type FaceSign } from './header.ts'
export { looksLikeHead } from './looks-like-head.ts'
