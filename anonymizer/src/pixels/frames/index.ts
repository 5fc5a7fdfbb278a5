/** Frames of an instance: their layout, their bytes, and how they look. */
export { type FrameAlone, frameAlone } from './alone.ts'
export { decodedFrame, frameBytes } from './bytes.ts'
export { grayImages } from './gray.ts'
export { type RenderedImage, type RenderLook, renderFrame } from './rendered.ts'
export { type RgbaImage, rgbaImage } from './rgba.ts'
export { frameCountOf, frameShapeOf } from './shape.ts'
