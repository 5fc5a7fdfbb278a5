/** One slice on a canvas of the page, drawn again whenever another is given. */
import type { UploadImage } from '@pandok/contract'
import { type RefObject, useEffect, useRef } from 'react'
import { canPreview, drawSlice } from '../imaging/slice-preview.ts'

export function useSlice(
  image: UploadImage | undefined,
  stored: ArrayBuffer | undefined,
): { readonly canvas: RefObject<HTMLCanvasElement | null>; readonly isDrawable: boolean } {
  const canvas = useRef<HTMLCanvasElement>(null)
  const isDrawable = image === undefined || canPreview(image)
  useEffect(() => {
    if (canvas.current === null || image === undefined || stored === undefined) return
    if (canPreview(image)) drawSlice(canvas.current, image, stored)
  }, [image, stored])
  return { canvas, isDrawable }
}
