/** A series to look through before approval: what is burned into pixels only a person sees. */
import type { UploadImage } from '@pandok/contract'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSlice } from '../../bridge/use-slice.ts'
import { useSession } from '../../session/context.ts'
import { LoadingState } from '../../ui/index.ts'
import './preview.css'

export interface PreviewProps {
  readonly uploadId: string
  readonly pseudonym: string
  readonly series: { readonly seriesInstanceUid: string; readonly modality: string }
}

export function SeriesPreview({ uploadId, pseudonym, series }: PreviewProps) {
  const { t } = useTranslation()
  const { session } = useSession()
  const images = useQuery({
    queryKey: ['upload-images', uploadId, series.seriesInstanceUid],
    queryFn: () =>
      session.client.listUploadImages({ params: { uploadId, series: series.seriesInstanceUid } }),
  })
  const items = images.data?.items
  return (
    <figure className="preview">
      {items === undefined ? (
        <LoadingState label={t('loading')} />
      ) : (
        <Slices uploadId={uploadId} images={items} label={`${pseudonym} ${series.modality}`} />
      )}
      <figcaption>
        <strong>{pseudonym}</strong> {series.modality} ·{' '}
        {t('qc.imageCount', { count: items?.length ?? 0 })}
      </figcaption>
    </figure>
  )
}

const SIDE = 256

function Slices({
  uploadId,
  images,
  label,
}: {
  uploadId: string
  images: readonly UploadImage[]
  label: string
}) {
  const { t } = useTranslation()
  const { session } = useSession()
  const [at, setAt] = useState(Math.floor(images.length / 2))
  const image = images[at]
  const pixels = useQuery({
    queryKey: ['upload-frame', uploadId, image?.sha256],
    enabled: image?.isNative === true,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const params = { uploadId, sha256: image?.sha256 ?? '', frame: 1 }
      const blob = await session.client.getUploadFrame({ params })
      return { sha256: params.sha256, stored: await blob.arrayBuffer() }
    },
  })
  const drawn = images.find(({ sha256 }) => sha256 === pixels.data?.sha256)
  const slice = useSlice(drawn, pixels.data?.stored)
  const move = (by: number) => {
    setAt((old) => Math.min(images.length - 1, Math.max(0, old + by)))
  }
  return (
    <>
      <canvas
        ref={slice.canvas}
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label={label}
        data-drawn={drawn !== undefined && slice.isDrawable}
        onWheel={(event) => {
          move(Math.sign(event.deltaY))
        }}
      />
      {slice.isDrawable && image?.isNative !== false ? null : (
        <p className="muted small">{t('qc.noPreview')}</p>
      )}
      <input
        type="range"
        aria-label={t('qc.slice', { index: at + 1, count: images.length })}
        min={0}
        max={images.length - 1}
        value={at}
        onChange={(event) => {
          setAt(Number(event.target.value))
        }}
      />
    </>
  )
}
