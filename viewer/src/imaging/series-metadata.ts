/** The series as our DICOMweb gives it, made known to Cornerstone's image loader. */
import { wadors } from '@cornerstonejs/dicom-image-loader'
import type { SeriesGeometry } from '@pandok/contract'

/** Reads the series' metadata once; returns image ids in the geometry's order. */
export async function registerMetadata(
  geometry: SeriesGeometry,
  getToken: () => Promise<string>,
): Promise<string[]> {
  const answer = await fetch(`${seriesAddress(geometry)}/metadata`, {
    headers: { authorization: `Bearer ${await getToken()}`, accept: 'application/dicom+json' },
  })
  if (!answer.ok) throw new Error('IMAGING_METADATA')
  const list = (await answer.json()) as Record<string, { Value?: unknown[] }>[]
  const known = new Map(list.map((each) => [String(each['00080018']?.Value?.[0]), each]))
  return geometry.sopInstanceUids.map((uid) => {
    const imageId = imageIdOf(geometry, uid)
    const metadata = known.get(uid)
    if (metadata === undefined) throw new Error('IMAGING_METADATA')
    wadors.metaDataManager.add(imageId, metadata as never)
    return imageId
  })
}

export function imageIdOf(geometry: SeriesGeometry, sopInstanceUid: string): string {
  return `wadors:${seriesAddress(geometry)}/instances/${sopInstanceUid}/frames/1`
}

export const sopOf = (imageId: string) => /\/instances\/([^/]+)\//.exec(imageId)?.[1] ?? ''

function seriesAddress({ studyInstanceUid, seriesInstanceUid }: SeriesGeometry): string {
  return `${location.origin}/dicomweb/studies/${studyInstanceUid}/series/${seriesInstanceUid}`
}
