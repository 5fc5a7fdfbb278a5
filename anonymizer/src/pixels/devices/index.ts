/**
 * What devices are known to write into pixels, and where (PS3.15 E.3.1). A proposal: a person
 * confirms it, and what a list does not know the detector has to find.
 */
import { getNumber } from '../../dicom/index.ts'
import type { Box, Region } from '../model.ts'
import { type Header, matchingRules } from './rules.ts'
import { outsideScanRegions } from './ultrasound.ts'

export type AnnouncedText =
  /** A list knows where this device writes. */
  | 'known-region'
  /** A list says that images of this kind hold text: reports, screens, captures. */
  | 'listed'

/** Boxes in all frames, within the frame; [] when no list knows the device. */
export function knownRegions(header: Header): readonly Region[] {
  const { dataSet } = header
  const rows = getNumber(dataSet, '00280010') ?? 0
  const columns = getNumber(dataSet, '00280011') ?? 0
  const boxes = [
    ...matchingRules(header).flatMap(({ boxes }) => boxes),
    ...outsideScanRegions(dataSet),
  ]
    .map((box) => within(box, columns, rows))
    .filter(({ width, height }) => width > 0 && height > 0)
  const distinct = new Map(boxes.map((box) => [Object.values(box).join(), box]))
  return [...distinct.values()].map((box) => ({ ...box, frames: 'all' }))
}

/** undefined: no list says so, which does not mean that there is none. */
export function announcesText(header: Header): AnnouncedText | undefined {
  const matching = matchingRules(header)
  if (matching.some(({ kind }) => kind === 'region')) return 'known-region'
  return matching.length > 0 ? 'listed' : undefined
}

function within({ left, top, width, height }: Box, columns: number, rows: number): Box {
  return {
    left,
    top,
    width: Math.min(width, columns - left),
    height: Math.min(height, rows - top),
  }
}
