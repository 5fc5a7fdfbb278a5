/**
 * Instances that hold every attribute of table E.1-1 at top level, in an item and in an item of an
 * item, each with a value of its own that appears nowhere else.
 */
import {
  type DataSet,
  dataSet,
  dictionaryEntry,
  type Element,
  sequence,
  type Vr,
  value,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import type { Row } from './table.ts'

/** Sequences that table E.1-1 does not name: they are walked, not removed. */
const NEST = ['00540016', '00540300'] as const

export interface Planted {
  readonly row: Row
  readonly tag: string
  readonly vr: Vr
  readonly level: 0 | 1 | 2
  /** Encoded value; for sequences of the text in their item. */
  readonly bytes: Uint8Array
}

/** What the engine or the format itself needs; their rows are judged on their own. */
const NEEDED = new Set(['00080018', '0020000D', '0020000E', '00100010', '00100020'])

/** Attributes that cannot stand in a data set (PS3.10 7.1, PS3.7): file meta and commands. */
export function isOfDataSet(row: Row): boolean {
  return !/^000[0-7]/.test(row.tag)
}

function tagOfRow(row: Row): string {
  return row.tag === '50xxxxxx' ? '50043000' : row.tag.replaceAll('x', '0')
}

/** One planted value per row and level that can be told from every other. */
export function plant(rows: readonly Row[]): Planted[] {
  const planted: Planted[] = []
  rows.forEach((row, at) => {
    for (const level of [0, 1, 2] as const) {
      const tag = tagOfRow(row)
      const vr = row.tag === '50xxxxxx' ? 'OW' : (dictionaryEntry(tag)?.vr ?? 'UN')
      const valueVr = vr === 'SQ' && row.basic.includes('U') ? 'UI' : vr
      planted.push({ row, tag, vr, level, bytes: bytesFor(valueVr, at * 3 + level) })
    }
  })
  return planted
}

/** Valid for its VR; `at` makes it unique within the VR. */
function bytesFor(vr: Vr, at: number): Uint8Array {
  const number = at.toString().padStart(4, '0')
  const day = new Date(Date.UTC(1930, 0, 1 + at)).toISOString().slice(0, 10).replaceAll('-', '')
  const minutes = at % 1440
  const time =
    Math.floor(minutes / 60)
      .toString()
      .padStart(2, '0') + (minutes % 60).toString().padStart(2, '0')
  const seconds = (at % 60).toString().padStart(2, '0')
  const binary = new TextEncoder().encode(`ZQ${number}BINARYZQ`)
  switch (vr) {
    case 'SQ':
      return value('00080104', 'LO', `ZQ${number}SQ`).bytes
    case 'UI':
      return value('00080018', vr, `1.2.826.0.1.${number}.7`).bytes
    case 'DA':
      return value('00080020', vr, day).bytes
    case 'DT':
      return value('0008002A', vr, `${day}${time}${seconds}.12+0900`).bytes
    case 'TM':
      return value('00080030', vr, `${time}${seconds}.${number}`).bytes
    case 'AS':
      return value('00101010', vr, `${(at % 900).toString().padStart(3, '0')}M`).bytes
    case 'DS':
      return value('00101020', vr, `71${number}.5`).bytes
    case 'IS':
      return value('00200013', vr, `72${number}`).bytes
    case 'US':
      return value('00280010', vr, 20_000 + at).bytes
    case 'FD':
      return value('00189073', vr, 0.123456789 + at).bytes
    case 'FL':
    case 'SL':
    case 'SS':
    case 'UL':
      return value('00189073', 'UL', 2_000_000_000 + at).bytes
    case 'OB':
    case 'OW':
    case 'UN':
      return binary
    default:
      return value('00081030', 'LO', `ZQ${number}T`).bytes
  }
}

const PATIENT_ID = '20260417-55'

/** Needs of every IOD, then what is planted. */
export function instanceOf(
  sopClassUid: string,
  planted: readonly Planted[],
  more: readonly Element[] = [],
): Uint8Array {
  const at = (level: number) =>
    planted
      .filter((each) => each.level === level && (level > 0 || !NEEDED.has(each.tag)))
      .map(elementOf)
  const innermost = dataSet(at(2))
  const middle = dataSet([...at(1), sequence(NEST[1], [innermost])])
  return writeDicom({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    dataSet: dataSet([...at(0), sequence(NEST[0], [middle]), ...basics(sopClassUid), ...more]),
  })
}

function elementOf({ row, tag, vr, bytes }: Planted): Element {
  if (vr !== 'SQ') return { kind: 'value', tag, vr, bytes }
  if (row.basic.includes('U')) {
    return sequence(tag, [dataSet([{ kind: 'value', tag: '00081155', vr: 'UI', bytes }])])
  }
  return sequence(tag, [
    dataSet([
      value('00080100', 'SH', 'T-D0050'),
      { kind: 'value', tag: '00080104', vr: 'LO', bytes },
    ]),
  ])
}

function basics(sopClassUid: string): Element[] {
  return [
    value('00080005', 'CS', 'ISO_IR 192'),
    value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
    value('00080016', 'UI', sopClassUid),
    value('00080018', 'UI', '1.2.826.0.1.9001'),
    value('00080060', 'CS', 'CT'),
    value('00100010', 'PN', '홍^길동'),
    value('00100020', 'LO', PATIENT_ID),
    value('0020000D', 'UI', '1.2.826.0.1.9002'),
    value('0020000E', 'UI', '1.2.826.0.1.9003'),
    value('00280002', 'US', 1),
    value('00280010', 'US', 2),
    value('00280011', 'US', 2),
    value('00280100', 'US', 8),
    value('7FE00010', 'OB', new Uint8Array([1, 2, 3, 4])),
  ]
}

/** The data set of a level of an instance made above. */
export function levelOf(top: DataSet, level: 0 | 1 | 2): DataSet {
  let current = top
  for (const tag of NEST.slice(0, level)) {
    const element = current.get(tag)
    const [item] = element?.kind === 'sequence' ? element.items : []
    if (item === undefined) throw new Error(`the item of (${tag}) is gone`)
    current = item
  }
  return current
}
