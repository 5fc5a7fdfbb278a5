/** A frame on a canvas of the page: in full size, or small for a sheet of many. */
import { type RefObject, useEffect, useRef, useState } from 'react'
import type { Pictures } from '../data/pictures.ts'
import { type View, viewKey } from '../data/upload-series.ts'

type PictureState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'drawn'; readonly key: string }
  | { readonly kind: 'failed'; readonly code: string }

export interface UsedPicture {
  readonly canvas: RefObject<HTMLCanvasElement | null>
  /** Of the view that was asked for last. */
  readonly state: PictureState
}

/** `isWanted`: pictures out of sight are not asked for. `onDrawn` is told each view that is in sight. */
export function usePicture(
  pictures: Pictures,
  view: View,
  options: {
    readonly maxSide?: number
    readonly isWanted?: boolean
    onDrawn: (view: View) => void
  },
): UsedPicture {
  const { maxSide, isWanted = true } = options
  const canvas = useRef<HTMLCanvasElement>(null)
  const [state, setState] = useState<PictureState>({ kind: 'loading' })
  const key = viewKey(view)
  const { file, frame } = view
  const { onDrawn } = options
  const told = useRef(onDrawn)
  useEffect(() => {
    told.current = onDrawn
  })
  useEffect(() => {
    if (!isWanted) return
    const end = new AbortController()
    // Asked anew after each wait.
    const isCurrent = () => !end.signal.aborted
    const draw = async () => {
      const answer = await pictures.get({ file, frame })
      if (!isCurrent()) return
      if (answer.kind === 'refused') {
        setState({ kind: 'failed', code: answer.code })
        return
      }
      const { width, height, pixels } = answer.picture
      const scale = maxSide === undefined ? 1 : Math.min(1, maxSide / Math.max(width, height))
      const bitmap = await createImageBitmap(new ImageData(pixels, width, height), {
        resizeWidth: Math.max(1, Math.round(width * scale)),
        resizeHeight: Math.max(1, Math.round(height * scale)),
        resizeQuality: 'high',
      })
      const element = canvas.current
      // A newer frame may have been asked for while this one was scaled.
      if (isCurrent() && element !== null) {
        element.width = bitmap.width
        element.height = bitmap.height
        element.getContext('2d')?.drawImage(bitmap, 0, 0)
        setState({ kind: 'drawn', key: `${file}/${frame}` })
        told.current({ file, frame })
      }
      bitmap.close()
    }
    void draw()
    return () => {
      end.abort()
    }
  }, [pictures, file, frame, maxSide, isWanted])
  const isOld = state.kind === 'drawn' && state.key !== key
  return { canvas, state: isOld ? { kind: 'loading' } : state }
}
