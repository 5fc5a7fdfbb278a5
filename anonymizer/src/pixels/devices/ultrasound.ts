/**
 * What lies outside the scan regions of an ultrasound image (PS3.3 C.8.5.5): names, logos, times and
 * settings of the machine. In: (0018,6011). Out: boxes that cover all of the frame but the regions.
 */
import { type DataSet, getItems, getNumber } from '../../dicom/index.ts'
import type { Box } from '../model.ts'

interface Rectangle {
  readonly left: number
  readonly top: number
  /** One past the last column and row. */
  readonly right: number
  readonly bottom: number
}

/** [] when the instance says nothing of regions, or nothing that can be. */
export function outsideScanRegions(dataSet: DataSet): Box[] {
  const rows = getNumber(dataSet, '00280010') ?? 0
  const columns = getNumber(dataSet, '00280011') ?? 0
  const regions = getItems(dataSet, '00186011').flatMap((item) => regionOf(item, columns, rows))
  if (regions.length === 0) return []
  const edges = [...new Set([0, rows, ...regions.flatMap(({ top, bottom }) => [top, bottom])])]
  edges.sort((a, b) => a - b)
  return edges.slice(1).flatMap((bottom, at) => {
    const top = edges[at] ?? 0
    const across = regions.filter((each) => each.top < bottom && each.bottom > top)
    return gaps(across, columns).map(([left, right]) => ({
      left,
      top,
      width: right - left,
      height: bottom - top,
    }))
  })
}

function regionOf(item: DataSet, columns: number, rows: number): Rectangle[] {
  const [left, top, lastColumn, lastRow] = ['00186018', '0018601A', '0018601C', '0018601E'].map(
    (tag) => getNumber(item, tag),
  )
  if (left === undefined || top === undefined) return []
  if (lastColumn === undefined || lastRow === undefined) return []
  const right = Math.min(lastColumn + 1, columns)
  const bottom = Math.min(lastRow + 1, rows)
  return left < right && top < bottom ? [{ left, top, right, bottom }] : []
}

/** Columns of a band of rows that no region covers, from the left. */
function gaps(regions: readonly Rectangle[], columns: number): [number, number][] {
  const found: [number, number][] = []
  let covered = 0
  for (const { left, right } of regions.toSorted((a, b) => a.left - b.left)) {
    if (left > covered) found.push([covered, left])
    covered = Math.max(covered, right)
  }
  if (covered < columns) found.push([covered, columns])
  return found
}
