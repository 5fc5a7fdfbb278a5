/** What D leaves behind: one fixed value per VR, so that the check can tell it from an original. */
import {
  dataSet as buildDataSet,
  type DataSet,
  type Element,
  getString,
  type SequenceElement,
  sequence,
  type Tag,
  type ValueElement,
  type Vr,
  value,
} from '../dicom/index.ts'

const TEXT = 'ANONYMIZED'
const DUMMIES: Readonly<Record<ValueElement['vr'], string | number | Uint8Array>> = {
  AE: TEXT,
  AS: '000Y',
  AT: new Uint8Array(4),
  CS: TEXT,
  DA: '19000101',
  DS: '0',
  DT: '19000101000000',
  FD: 0,
  FL: 0,
  IS: '0',
  LO: TEXT,
  LT: TEXT,
  OB: new Uint8Array(8),
  OD: new Uint8Array(8),
  OF: new Uint8Array(8),
  OL: new Uint8Array(8),
  OV: new Uint8Array(8),
  OW: new Uint8Array(8),
  PN: TEXT,
  SH: TEXT,
  SL: 0,
  SS: 0,
  ST: TEXT,
  SV: new Uint8Array(8),
  TM: '000000',
  UC: TEXT,
  UI: '2.25.0',
  UL: 0,
  UN: new Uint8Array(8),
  UR: 'urn:anonymized',
  US: 0,
  UT: TEXT,
  UV: new Uint8Array(8),
}

export function dummyOf(tag: Tag, vr: ValueElement['vr']): ValueElement {
  return value(tag, vr, DUMMIES[vr])
}

/** Attributes that hold the shape of content and graphics, not what they say. */
const SHAPE: ReadonlySet<Tag> = new Set([
  '0040A010', // Relationship Type
  '0040A040', // Value Type
  '0040A050', // Continuity of Content
  '00700003', // Bounding Box Annotation Units
  '00700004', // Anchor Point Annotation Units
  '00700005', // Graphic Annotation Units
  '00700012', // Bounding Box Text Horizontal Justification
  '00700015', // Anchor Point Visibility
  '00700020', // Graphic Dimensions
  '00700021', // Number of Graphic Points
  '00700023', // Graphic Type
  '00700024', // Graphic Filled
  '0040DB00', // Template Identifier
  '00080105', // Mapping Resource
])
const SHAPE_VRS: ReadonlySet<Vr> = new Set(['CS', 'US'])
/** What a content item is about and in which unit: kept where the code is a public one. */
const PUBLIC_CODES: ReadonlySet<Tag> = new Set(['0040A043', '004008EA'])
const PUBLIC_SCHEMES = new Set(['DCM', 'SCT', 'SRT', 'LN', 'UCUM', 'NCIt', 'RADLEX', 'FMA'])

interface Keeping {
  /** References between objects stay intact. */
  readonly deriveUid: (uid: ValueElement) => ValueElement
  /** What stays loses the identifiers of the instance. */
  readonly judge: (element: ValueElement) => ValueElement | undefined
}

/** A sequence of the same shape, every value in it a dummy. Twice gives the same as once. */
export function dummySequence(element: SequenceElement, keeping: Keeping): SequenceElement {
  const items = element.items.map((item) => {
    const isKept = PUBLIC_CODES.has(element.tag) && PUBLIC_SCHEMES.has(getString(item, '00080102'))
    return isKept ? publicCode(item, keeping) : dummyItem(item, keeping)
  })
  return sequence(element.tag, items)
}

function dummyItem(item: DataSet, keeping: Keeping): DataSet {
  return buildDataSet(
    [...item.values()].map((inner): Element => {
      if (inner.kind === 'sequence') return dummySequence(inner, keeping)
      if (inner.kind === 'value' && SHAPE.has(inner.tag) && SHAPE_VRS.has(inner.vr)) {
        return keeping.judge(inner) ?? dummyOf(inner.tag, inner.vr)
      }
      if (inner.kind === 'value' && inner.vr === 'UI') return keeping.deriveUid(inner)
      return dummyOf(inner.tag, inner.vr)
    }),
  )
}

/** Code Value, Coding Scheme Designator and Code Meaning; nothing that somebody added. */
function publicCode(item: DataSet, keeping: Keeping): DataSet {
  const own = ['00080100', '00080102', '00080103', '00080104']
  return buildDataSet(
    [...item.values()].flatMap((element) => {
      if (!own.includes(element.tag) || element.kind !== 'value') return []
      return keeping.judge(element) ?? []
    }),
  )
}
