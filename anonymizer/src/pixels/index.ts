/** Pixels of an instance: looked at frame by frame, and blanked. Codecs come from node/ or web/. */
export * from './detect/index.ts'
export * from './frames/index.ts'
export type { FrameCodecs, FrameShape, GrayImage, Region, TextBox, TextDetector } from './model.ts'
export { type Redactable, redactPixels } from './redact/index.ts'
export { type Transcoding, transcode, transcodeFrame } from './transcode.ts'
