/**
 * A label map as a DICOM Segmentation object (PS3.3 A.51, C.8.20): BINARY, one frame per segment
 * and slice that holds it, bits packed across frames (PS3.5 8.1.1), explicit VR little endian,
 * which every reader takes.
 *
 * In: voxels in (slice, row, column) order, slices in the order of the geometry. Out: the bytes of
 * a Part 10 file. Pure: UIDs and dates are arguments. Fails closed: no voxel is ever left out.
 */
import { type DataSet, dataSet, sequence, value, writeDicom } from '@pandok/anonymizer/dicom'
import type { CodedConcept, SegmentLabel, SeriesGeometry } from '@pandok/contract'
import { ReleaseError } from '../release-error.ts'

const SEGMENTATION_STORAGE = '1.2.840.10008.5.1.4.1.1.66.4'
const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'

export interface SegmentationInput {
  readonly geometry: SeriesGeometry
  /** One byte per voxel: the segment number, 0 for background. */
  readonly labelmap: Uint8Array
  readonly segments: readonly SegmentLabel[]
  /**
   * Patient and study attributes of a source image, as text: objects of one study must agree in
   * them (PS3.3 A.1.2). What is absent or empty in the image is left empty here.
   */
  readonly source: {
    readonly patientId: string
    /** The patientId without. */
    readonly patientName?: string
    readonly patientBirthDate?: string
    readonly patientSex?: string
    readonly studyDate: string
    readonly studyTime: string
    readonly studyId?: string
    readonly accessionNumber?: string
  }
  readonly uids: {
    readonly series: string
    readonly instance: string
    readonly dimensionOrganization: string
  }
  /** YYYYMMDD and HHMMSS: when the work was done, shifted as the subject's dates are. */
  readonly contentDate: string
  readonly contentTime: string
}

interface Frame {
  readonly segment: number
  readonly slice: number
}

/**
 * RELEASE_LABELMAP when the label map does not fit the geometry, or holds a number that no segment
 * has: a voxel that somebody painted must not vanish.
 */
export function encodeSegmentation(input: SegmentationInput): Uint8Array {
  const { geometry, labelmap, source } = input
  const present = presence(input)
  const segments = numberedFromOne(input, present)
  const frames = framesOf(segments, present)
  return writeDicom({
    transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN,
    dataSet: dataSet([
      value('00080005', 'CS', 'ISO_IR 192'),
      value('00080008', 'CS', ['DERIVED', 'PRIMARY']),
      value('00080016', 'UI', SEGMENTATION_STORAGE),
      value('00080018', 'UI', input.uids.instance),
      value('00080020', 'DA', source.studyDate),
      value('00080021', 'DA', input.contentDate),
      value('00080023', 'DA', input.contentDate),
      value('00080030', 'TM', source.studyTime),
      value('00080031', 'TM', input.contentTime),
      value('00080033', 'TM', input.contentTime),
      value('00080050', 'SH', source.accessionNumber ?? ''),
      value('00080060', 'CS', 'SEG'),
      value('00080070', 'LO', 'Pandok'),
      value('00080090', 'PN', ''),
      value('0008103E', 'LO', 'Segmentation'),
      value('00081090', 'LO', 'Pandok'),
      referencedSeries(geometry),
      value('00100010', 'PN', source.patientName ?? source.patientId),
      value('00100020', 'LO', source.patientId),
      value('00100030', 'DA', source.patientBirthDate ?? ''),
      value('00100040', 'CS', source.patientSex ?? ''),
      value('00120062', 'CS', 'YES'),
      value('00120063', 'LO', 'Derived from de-identified images'),
      value('00181000', 'LO', '1'),
      value('00181020', 'LO', '0.1'),
      value('0020000D', 'UI', geometry.studyInstanceUid),
      value('0020000E', 'UI', input.uids.series),
      value('00200010', 'SH', source.studyId ?? ''),
      value('00200011', 'IS', 1000),
      value('00200013', 'IS', 1),
      value('00200052', 'UI', geometry.frameOfReferenceUid),
      value('00201040', 'LO', ''),
      sequence('00209221', [dataSet([value('00209164', 'UI', input.uids.dimensionOrganization)])]),
      value('00209311', 'CS', '3D'),
      sequence('00209222', dimensionIndices(input.uids.dimensionOrganization)),
      value('00280002', 'US', 1),
      value('00280004', 'CS', 'MONOCHROME2'),
      value('00280008', 'IS', frames.length),
      value('00280010', 'US', geometry.rows),
      value('00280011', 'US', geometry.columns),
      value('00280100', 'US', 1),
      value('00280101', 'US', 1),
      value('00280102', 'US', 0),
      value('00280103', 'US', 0),
      value('00280303', 'CS', 'MODIFIED'),
      value('00282110', 'CS', '00'),
      value('00620001', 'CS', 'BINARY'),
      sequence(
        '00620002',
        segments.map(({ label, number }) => segmentItem(label, number)),
      ),
      value('00620013', 'CS', 'NO'),
      value('00700080', 'CS', 'SEGMENTATION'),
      value('00700081', 'LO', ''),
      value('00700084', 'PN', ''),
      sequence('52009229', [sharedGroups(geometry)]),
      sequence(
        '52009230',
        frames.map((frame) => frameGroups(geometry, frame, segments)),
      ),
      value('7FE00010', 'OB', packFrames(geometry, labelmap, frames, segments)),
    ]),
  })
}

interface NumberedSegment {
  readonly label: SegmentLabel
  /** 1, 2, … without a gap, as C.8.20.2 asks; the label's own number may differ. */
  readonly number: number
}

/** For each slice, which of the 256 numbers occur in it. */
type Presence = readonly Uint8Array[]

function presence({ geometry, labelmap, segments }: SegmentationInput): Presence {
  const size = geometry.rows * geometry.columns
  if (labelmap.length !== size * geometry.sopInstanceUids.length) {
    throw new ReleaseError('RELEASE_LABELMAP', 'the label map does not fit the series')
  }
  const known = new Set([0, ...segments.map(({ number }) => number)])
  return geometry.sopInstanceUids.map((_uid, slice) => {
    const occurs = new Uint8Array(256)
    for (const number of labelmap.subarray(slice * size, (slice + 1) * size)) occurs[number] = 1
    const stranger = occurs.findIndex((flag, number) => flag === 1 && !known.has(number))
    if (stranger >= 0) {
      throw new ReleaseError(
        'RELEASE_LABELMAP',
        `slice ${slice + 1} holds the number ${stranger}, which no segment of the project has`,
      )
    }
    return occurs
  })
}

/** The segments that have voxels; the first of the schema when none has. */
function numberedFromOne({ segments }: SegmentationInput, slices: Presence): NumberedSegment[] {
  const [first] = segments
  if (first === undefined) {
    throw new ReleaseError('RELEASE_LABELMAP', 'a segmentation needs a label schema')
  }
  const present = segments.filter(({ number }) => slices.some((occurs) => occurs[number] === 1))
  return (present.length === 0 ? [first] : present).map((label, at) => ({ label, number: at + 1 }))
}

function framesOf(segments: readonly NumberedSegment[], slices: Presence): Frame[] {
  const frames = segments.flatMap(({ label, number }) =>
    slices.flatMap((occurs, slice) =>
      occurs[label.number] === 1 ? [{ segment: number, slice }] : [],
    ),
  )
  // The standard wants one frame at least: an empty one says that nothing was found.
  return frames.length === 0 ? [{ segment: 1, slice: 0 }] : frames
}

function packFrames(
  { rows, columns }: SeriesGeometry,
  labelmap: Uint8Array,
  frames: readonly Frame[],
  segments: readonly NumberedSegment[],
): Uint8Array {
  const size = rows * columns
  const packed = new Uint8Array(Math.ceil((frames.length * size) / 8))
  frames.forEach((frame, at) => {
    const wanted = segments[frame.segment - 1]?.label.number
    for (let voxel = 0; voxel < size; voxel++) {
      if (labelmap[frame.slice * size + voxel] !== wanted) continue
      const bit = at * size + voxel
      packed[bit >> 3] = (packed[bit >> 3] ?? 0) | (1 << (bit & 7))
    }
  })
  return packed
}

function concept(tag: string, { codeValue, codingSchemeDesignator, codeMeaning }: CodedConcept) {
  return sequence(tag, [
    dataSet([
      value('00080100', 'SH', codeValue),
      value('00080102', 'SH', codingSchemeDesignator),
      value('00080104', 'LO', codeMeaning),
    ]),
  ])
}

const dcm = (codeValue: string, codeMeaning: string): CodedConcept => ({
  codeValue,
  codingSchemeDesignator: 'DCM',
  codeMeaning,
})

function segmentItem(label: SegmentLabel, number: number): DataSet {
  return dataSet([
    concept('00620003', label.category),
    value('00620004', 'US', number),
    value('00620005', 'LO', label.labelEn),
    value('00620008', 'CS', 'MANUAL'),
    value('0062000D', 'US', cielab(label.rgb)),
    concept('0062000F', label.type),
  ])
}

function referencedSeries({ sopClassUid, sopInstanceUids, seriesInstanceUid }: SeriesGeometry) {
  return sequence('00081115', [
    dataSet([
      sequence(
        '0008114A',
        sopInstanceUids.map((uid) =>
          dataSet([value('00081150', 'UI', sopClassUid), value('00081155', 'UI', uid)]),
        ),
      ),
      value('0020000E', 'UI', seriesInstanceUid),
    ]),
  ])
}

/** By segment number, then by position (PS3.3 C.7.6.17). */
function dimensionIndices(organization: string): DataSet[] {
  const index = (pointer: string, group: string, label: string) =>
    dataSet([
      value('00209164', 'UI', organization),
      value('00209165', 'AT', pointer),
      value('00209167', 'AT', group),
      value('00209421', 'LO', label),
    ])
  return [
    index('0062000B', '0062000A', 'Segment Number'),
    index('00200032', '00209113', 'Image Position Patient'),
  ]
}

function sharedGroups(geometry: SeriesGeometry): DataSet {
  return dataSet([
    sequence('00209116', [dataSet([value('00200037', 'DS', geometry.orientation)])]),
    sequence('00289110', [
      dataSet([
        value('00180050', 'DS', geometry.sliceSpacingMm),
        value('00180088', 'DS', geometry.sliceSpacingMm),
        value('00280030', 'DS', [geometry.rowSpacingMm, geometry.columnSpacingMm]),
      ]),
    ]),
  ])
}

function frameGroups(
  geometry: SeriesGeometry,
  { segment, slice }: Frame,
  segments: readonly NumberedSegment[],
): DataSet {
  const position = geometry.positions[slice]
  const source = geometry.sopInstanceUids[slice]
  if (position === undefined || source === undefined || segments[segment - 1] === undefined) {
    throw new ReleaseError('RELEASE_GEOMETRY', 'a slice has no position')
  }
  return dataSet([
    sequence('00089124', [
      dataSet([
        sequence('00082112', [
          dataSet([
            value('00081150', 'UI', geometry.sopClassUid),
            value('00081155', 'UI', source),
            concept('0040A170', dcm('121322', 'Source image for image processing operation')),
          ]),
        ]),
        concept('00089215', dcm('113076', 'Segmentation')),
      ]),
    ]),
    sequence('00209111', [dataSet([value('00209157', 'UL', [segment, slice + 1])])]),
    sequence('00209113', [dataSet([value('00200032', 'DS', position)])]),
    sequence('0062000A', [dataSet([value('0062000B', 'US', segment)])]),
  ])
}

/** sRGB (D65) to CIELab as PS3.3 C.10.7.1.1 scales it: L 0–100, a and b −128–127 to 16 bits. */
function cielab(rgb: readonly [number, number, number]): number[] {
  const [r, g, b] = rgb.map((channel) => {
    const part = channel / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const [red, green, blue] = [r ?? 0, g ?? 0, b ?? 0]
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116)
  const x = f((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505)
  const y = f(0.2126 * red + 0.7152 * green + 0.0722 * blue)
  const z = f((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089)
  return [
    Math.round(((116 * y - 16) / 100) * 65535),
    Math.round(((500 * (x - y) + 128) / 255) * 65535),
    Math.round(((200 * (y - z) + 128) / 255) * 65535),
  ].map((each) => Math.min(65535, Math.max(0, each)))
}
