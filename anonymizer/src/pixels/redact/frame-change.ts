/** What is done to frames, and what comes of it. */
import type { Element } from '../../dicom/index.ts'
import type { DecodedFrame } from '../model.ts'

/** Frames that are not touched stay as they are; numbers count from 1. */
export interface FrameChange {
  readonly touches: (number: number) => boolean
  /** `frame` is nobody else's: it may be changed in place. */
  readonly apply: (frame: DecodedFrame, number: number) => DecodedFrame
}

export interface Stored {
  readonly transferSyntaxUid: string
  /** To put in place of what the data set had. */
  readonly elements: readonly Element[]
}
