/** One slice on a canvas of the page, drawn again whenever another is given. */
import type { UploadImage } from '@pandok/contract'
import { type RefObject, useEffect, useRef, useState } from 'react'
import { drawStored } from '../data/stored-frames.ts'
import { canPreview, drawSlice } from '../imaging/slice-preview.ts'

export interface UsedSlice {
  readonly canvas: RefObject<HTMLCanvasElement | null>
  /** Why the slice cannot be drawn: a code. */
  readonly failure: string | undefined
}

/** `onDrawn` is told when the slice is on the canvas. */
export function useSlice(
  image: UploadImage | undefined,
  stored: ArrayBuffer | undefined,
  onDrawn: () => void,
): UsedSlice {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [failure, setFailure] = useState<string>()
  const told = useRef(onDrawn)
  useEffect(() => {
    told.current = onDrawn
  })
  useEffect(() => {
    const element = canvas.current
    if (element === null || image === undefined || stored === undefined) return
    let isCurrent = true
    const draw = async () => {
      let code: string | undefined
      if (canPreview(image)) {
        element.width = image.columns
        element.height = image.rows
        try {
          drawSlice(element, image, stored)
        } catch {
          code = 'IMAGING_FRAME_LENGTH'
        }
      } else {
        const answer = await drawStored(image, stored)
        if (!isCurrent) return
        if (answer.kind === 'refused') code = answer.code
        else {
          const { width, height, pixels } = answer.picture
          element.width = width
          element.height = height
          element.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0)
        }
      }
      setFailure(code)
      if (code === undefined) told.current()
    }
    void draw()
    return () => {
      isCurrent = false
    }
  }, [image, stored])
  return { canvas, failure }
}
