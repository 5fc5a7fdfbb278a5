/** Text in pixels: where it is, and which frames are looked at. */
export { cornerSignature, cornersDiffer } from './corner-signature.ts'
export { createTextDetector } from './detect.ts'
export { createLookPlan, type Look, type LookCandidate, type LookPlan } from './look-plan.ts'
export { mergeBoxes } from './merge.ts'
export { nativeCornersOf } from './native-corners.ts'
export type { TextNetwork } from './network.ts'
