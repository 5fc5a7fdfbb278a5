/** The clean frames of a series one after the other, boxes over them where text was found. */
import type { PixelFinding, UploadImage } from '@pandok/contract'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSlice } from '../../bridge/use-slice.ts'
import { useWheel } from '../../bridge/use-wheel.ts'
import { useSession } from '../../session/context.ts'
import { Reason } from './Reason.tsx'

export interface SlicesProps {
  readonly uploadId: string
  readonly images: readonly UploadImage[]
  readonly findings: readonly PixelFinding[]
  readonly label: string
  /** Each image has been on the screen. */
  readonly onSeenAll: () => void
}

export function Slices({ uploadId, images, findings, label, onSeenAll }: SlicesProps) {
  const { t } = useTranslation()
  const { session } = useSession()
  const frames = images.flatMap((image) =>
    Array.from({ length: image.numberOfFrames }, (_, at) => ({ image, frame: at + 1 })),
  )
  const [wanted, setWanted] = useState(() => startAt(frames, findings))
  const [seen] = useState(() => new Set<string>())
  const stage = useRef<HTMLDivElement>(null)
  const at = Math.min(wanted, Math.max(0, frames.length - 1))
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
    if (drawn !== undefined) seen.add(drawn.image.sha256)
    if (images.every(({ sha256 }) => seen.has(sha256))) onSeenAll()
  })
  const go = (to: number) => setWanted(Math.min(frames.length - 1, Math.max(0, to)))
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
          data-drawn={drawn !== undefined && slice.failure === undefined}
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
      {slice.failure === undefined ? null : (
        <p className="muted small">
          {t('qc.noPreview')} <Reason code={slice.failure} />
        </p>
      )}
      <input
        type="range"
        aria-label={t('qc.slice', { index: at + 1, count: frames.length })}
        min={0}
        max={Math.max(0, frames.length - 1)}
        value={at}
        onChange={(event) => go(Number(event.target.value))}
      />
    </>
  )
}

/** Where text was found, or the middle. */
function startAt(
  frames: readonly { image: UploadImage; frame: number }[],
  findings: readonly PixelFinding[],
): number {
  const [first] = findings
  const at = frames.findIndex(
    ({ image, frame }) => image.sha256 === first?.sha256 && (first.frames[0]?.frame ?? 1) === frame,
  )
  return at === -1 ? Math.floor(frames.length / 2) : at
}
