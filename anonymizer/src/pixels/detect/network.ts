/**
 * What the detector asks of a runtime that runs the PP-OCRv4 detection network: so this folder
 * imports none, and Node and browsers use the same code.
 */

export interface TextNetwork {
  /**
   * In: three planes of `height` rows of `width` normalised values, sides multiples of 32. Out: one
   * plane of the same size, how likely each pixel lies in the middle of a line of text, 0 to 1.
   */
  readonly run: (input: Float32Array, width: number, height: number) => Promise<Float32Array>
}
