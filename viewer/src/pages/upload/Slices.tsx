/** The clean frames of a series one after the other, boxes over them where text was found. */
import type { PixelFinding } from '@pandok/contract'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type ReactNode, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useSlice } from '../../bridge/use-slice.ts'
import { useWheel } from '../../bridge/use-wheel.ts'
import { codeOf } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import type { SeriesFrame } from './qc.model.ts'
import { Reason } from './Reason.tsx'

export interface SlicesProps {
  readonly uploadId: string
  readonly frames: readonly SeriesFrame[]
  /** Which of them is wanted. */
  readonly at: number
  readonly findings: readonly PixelFinding[]
  readonly label: string
  readonly onGo: (to: number) => void
  /** The frame is on the screen; one that cannot be drawn never is. */
  readonly onShown: (frame: SeriesFrame) => void
  /** Beside the slider. */
  readonly children?: ReactNode
}

export function Slices(props: SlicesProps) {
  const { uploadId, frames, at, findings, label, onGo, onShown, children } = props
  const { t } = useTranslation()
  const { session } = useSession()
  const stage = useRef<HTMLDivElement>(null)
  const current = frames[at]
  const pixels = useQuery({
    queryKey: ['upload-frame', uploadId, current?.image.sha256, current?.frame],
    enabled: current !== undefined,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
    queryFn: async () => {
      const params = { uploadId, sha256: current?.image.sha256 ?? '', frame: current?.frame ?? 1 }
      const blob = await session.client.getUploadFrame({ params })
      return { ...params, stored: await blob.arrayBuffer() }
    },
  })
  const drawn = frames.find(
    ({ image, frame }) => image.sha256 === pixels.data?.sha256 && frame === pixels.data.frame,
  )
  const slice = useSlice(drawn?.image, pixels.data?.stored, () => {
    if (drawn !== undefined) onShown(drawn)
  })
  const failure = pixels.isError ? codeOf(pixels.error) : slice.failure
  const go = (to: number) => onGo(Math.min(frames.length - 1, Math.max(0, to)))
  useWheel(stage, (by) => go(at + by))
  const boxes = findings
    .filter(({ sha256 }) => sha256 === drawn?.image.sha256)
    .flatMap((finding) => finding.frames.filter(({ frame }) => frame === drawn?.frame))
    .flatMap((finding) => finding.boxes)
  const { rows = 1, columns = 1 } = drawn?.image ?? {}
  return (
    <>
      <div ref={stage} className="picture" style={{ aspectRatio: `${columns} / ${rows}` }}>
        <canvas
          ref={slice.canvas}
          role="img"
          aria-label={label}
          data-drawn={drawn !== undefined && failure === undefined}
        />
        {boxes.map((box) => (
          <span
            key={Object.values(box).join()}
            className="found"
            style={{
              left: `${(100 * box.left) / columns}%`,
              top: `${(100 * box.top) / rows}%`,
              width: `${(100 * box.width) / columns}%`,
              height: `${(100 * box.height) / rows}%`,
            }}
          />
        ))}
      </div>
      {failure === undefined ? null : (
        <p className="muted small">
          {t('qc.noPreview')} <Reason code={failure} />
        </p>
      )}
      <div className="row slider">
        <input
          type="range"
          aria-label={t('qc.slice', { index: at + 1, count: frames.length })}
          min={0}
          max={Math.max(0, frames.length - 1)}
          value={at}
          disabled={frames.length < 2}
          onChange={(event) => go(Number(event.target.value))}
        />
        <span className="muted small num">
          {Math.min(at + 1, frames.length)} / {frames.length}
        </span>
        {children}
      </div>
    </>
  )
}
