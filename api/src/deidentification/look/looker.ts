/**
 * What the look at pixels needs of whoever decodes and detects: file by file, in processes with limits,
 * for the bytes are foreign. Frames count from 1; `code` is of a closed list.
 */

export interface FrameBoxes {
  readonly frame: number
  /** Where text is, in columns and rows as stored; never what it says. */
  readonly boxes: readonly {
    readonly left: number
    readonly top: number
    readonly width: number
    readonly height: number
  }[]
}

interface Refused {
  readonly kind: 'refused'
  readonly code: string
}

export interface Looker {
  /**
   * A cornerSignature for each of the file's frames: where it changes, text may have come or gone.
   * Empty where they cannot be read, or where a list of devices announces text: such frames are looked at.
   */
  readonly corners: (path: string, frames: number) => Promise<readonly string[]>
  readonly look: (
    path: string,
    frames: readonly number[],
  ) => Promise<Refused | { kind: 'looked'; frames: readonly FrameBoxes[] }>
  readonly close: () => Promise<void>
}
