/** Sound files of many kinds and encodings, each full of one subject, from which mutants are made. */
import { type DataSet, dataSet, type Element, sequence, value } from '@pandok/anonymizer/dicom'
import { type Encoded, encodeAs } from './encode.ts'

/** What must not be found in an output as long as the input still says that it is the subject's. */
export const SUBJECT = { name: 'ZQSUBJECTZQ', id: 'ZQID7741902', accession: 'ZQACC4471' } as const
const SPACE = Buffer.from(' ')
/** 홍카나 in KS X 1001. */
const HANGUL = Buffer.from([0xc8, 0xab, 0xc4, 0xab, 0xb3, 0xaa])

const EXPLICIT = '1.2.840.10008.1.2.1'
const IMPLICIT = '1.2.840.10008.1.2'
const WORDS = `Chest ${SUBJECT.name} ${SUBJECT.id} nodule`
const uid = (last: number | string) => `1.2.826.0.1.3680043.${last}`

const code = (tag: string, meaning: string) =>
  sequence(tag, [
    dataSet([
      value('00080100', 'SH', '113076'),
      value('00080102', 'SH', 'DCM'),
      value('00080104', 'LO', meaning),
    ]),
  ])

function nested(level: number): Element {
  return sequence('00082218', [
    dataSet([
      value('00080104', 'LO', `Lung ${SUBJECT.name}`),
      value('00081048', 'PN', SUBJECT.name),
      ...(level === 0 ? [] : [nested(level - 1)]),
    ]),
  ])
}

function common(sopClassUid: string, modality: string): Element[] {
  return [
    value('00080005', 'CS', 'ISO_IR 192'),
    value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
    value('00080016', 'UI', sopClassUid),
    value('00080018', 'UI', uid(4)),
    value('00080020', 'DA', '20240229'),
    value('0008002A', 'DT', '20240229101500.5+0900'),
    value('00080050', 'SH', SUBJECT.accession),
    value('00080060', 'CS', modality),
    value('00080090', 'PN', 'Kim^Doctor'),
    value('00081030', 'LO', WORDS),
    sequence('00081140', [
      dataSet([
        value('00081150', 'UI', '1.2.840.10008.5.1.4.1.1.2'),
        value('00081155', 'UI', uid(9)),
      ]),
    ]),
    value('00090010', 'LO', 'ACME'),
    value('00091001', 'UN', Buffer.from(`${SUBJECT.name} `)),
    value('00100010', 'PN', SUBJECT.name),
    value('00100020', 'LO', SUBJECT.id),
    value('00100030', 'DA', '19630417'),
    value('00104000', 'LT', `seen with ${SUBJECT.name}`),
    value('0020000D', 'UI', uid(3)),
    value('0020000E', 'UI', uid('3.1')),
    nested(2),
  ]
}

const pixels = (bits: number, frames: number, more: Element[] = []) => [
  value('00280002', 'US', 1),
  value('00280004', 'CS', 'MONOCHROME2'),
  ...(frames === 1 ? [] : [value('00280008', 'IS', frames)]),
  value('00280010', 'US', 4),
  value('00280011', 'US', 4),
  value('00280100', 'US', bits),
  value('7FE00010', 'OW', new Uint8Array((16 * bits * frames) / 8)),
  ...more,
]

const fragments: Element = {
  kind: 'fragments',
  tag: '7FE00010',
  vr: 'OB',
  offsetTable: new Uint8Array([0, 0, 0, 0, 40, 0, 0, 0]),
  fragments: [new Uint8Array(16), new Uint8Array(8), new Uint8Array(24)],
}

const overlay = (group: string) => [
  value(`${group}0010`, 'US', 4),
  value(`${group}0011`, 'US', 4),
  value(`${group}0022`, 'LO', WORDS),
  value(`${group}0040`, 'CS', 'G'),
  value(`${group}3000`, 'OW', Buffer.from(`${SUBJECT.name} `)),
]

const CT = common('1.2.840.10008.5.1.4.1.1.2', 'CT')

const KINDS: Readonly<Record<string, { elements: Element[]; transferSyntaxUid?: string }>> = {
  CT: { elements: [...CT, ...pixels(16, 1), ...overlay('6000'), ...overlay('6004')] },
  'CT implicit': { elements: [...CT, ...pixels(16, 1)], transferSyntaxUid: IMPLICIT },
  'CT deflated': {
    elements: [...CT, ...pixels(16, 1)],
    transferSyntaxUid: '1.2.840.10008.1.2.1.99',
  },
  'CT big endian': {
    elements: [...CT, ...pixels(16, 1)],
    transferSyntaxUid: '1.2.840.10008.1.2.2',
  },
  'JPEG of several fragments': {
    elements: [...CT, ...pixels(8, 2), fragments],
    transferSyntaxUid: '1.2.840.10008.1.2.4.50',
  },
  'CT in Korean': { elements: [...CT, ...pixels(8, 1), ...korean()] },
  'CT with unknown sequences': {
    elements: [
      ...CT,
      ...pixels(8, 1),
      value('00082112', 'UN', implicitItem(SUBJECT.name)),
      value('00540016', 'UN', implicitItem(SUBJECT.name)),
    ],
  },
  'enhanced CT': {
    elements: [
      ...common('1.2.840.10008.5.1.4.1.1.2.1', 'CT'),
      ...pixels(16, 2),
      sequence('52009229', [dataSet([sequence('00189341', [dataSet([])])])]),
      sequence('52009230', [1, 2].map(frame)),
    ],
  },
  SEG: {
    elements: [
      ...common('1.2.840.10008.5.1.4.1.1.66.4', 'SEG'),
      ...pixels(8, 2),
      sequence('00620002', [
        dataSet([
          value('00620004', 'US', 1),
          value('00620005', 'LO', WORDS),
          code('00620003', 'Lung'),
        ]),
      ]),
      sequence('52009230', [1, 2].map(frame)),
    ],
  },
  RTSTRUCT: {
    elements: [
      ...common('1.2.840.10008.5.1.4.1.1.481.3', 'RTSTRUCT'),
      value('30060002', 'SH', 'GTV'),
      sequence('30060020', [
        dataSet([value('30060022', 'IS', 1), value('30060026', 'LO', `GTV ${SUBJECT.name}`)]),
      ]),
      sequence('30060039', [
        dataSet([
          sequence('30060040', [
            dataSet([value('30060042', 'CS', 'POINT'), value('30060050', 'DS', [1.5, 2, -3])]),
          ]),
        ]),
      ]),
    ],
  },
  'US with private blocks': {
    elements: [
      ...common('1.2.840.10008.5.1.4.1.1.6.1', 'US'),
      ...pixels(8, 1),
      value('00190010', 'LO', 'GEMS_ACQU_01'),
      value('00190011', 'LO', 'GEMS_ACQU_01'),
      value('00191002', 'SL', 912),
      value('00191102', 'SL', 913),
      value('001910D9', 'LO', SUBJECT.name),
      value('7FE10010', 'LO', 'GEMS_Ultrasound_MovieGroup_001'),
      sequence('7FE11001', [dataSet([value('7FE11002', 'LO', SUBJECT.name)])]),
      sequence('00186011', [dataSet([value('00186012', 'US', 1), value('00186018', 'UL', 0)])]),
    ],
  },
  SR: {
    elements: [
      ...common('1.2.840.10008.5.1.4.1.1.88.33', 'SR'),
      sequence('0040A730', [
        dataSet([
          value('0040A010', 'CS', 'CONTAINS'),
          value('0040A040', 'CS', 'TEXT'),
          code('0040A043', 'Finding'),
          value('0040A160', 'UT', `seen by ${SUBJECT.name}, ${SUBJECT.accession}`),
        ]),
        dataSet([
          value('0040A010', 'CS', 'CONTAINS'),
          value('0040A040', 'CS', 'PNAME'),
          code('0040A043', 'Person Observer Name'),
          value('0040A123', 'PN', SUBJECT.name),
        ]),
      ]),
    ],
  },
}

function frame(number: number): DataSet {
  return dataSet([
    sequence('00209111', [
      dataSet([
        value('00189074', 'DT', '20240229101501'),
        value('00209157', 'UL', [1, number]),
        value('00209158', 'LT', WORDS),
      ]),
    ]),
    sequence('00209113', [dataSet([value('00200032', 'DS', [0, 0, number])])]),
  ])
}

function korean(): Element[] {
  const escape = Buffer.from([0x1b, 0x24, 0x29, 0x43])
  const word = (text: Buffer) => (text.length % 2 === 0 ? text : Buffer.concat([text, SPACE]))
  const latin = Buffer.from(SUBJECT.name)
  return [
    value('00080005', 'CS', ['', 'ISO 2022 IR 149']),
    value('00100010', 'PN', word(Buffer.concat([latin, Buffer.from('=='), escape, HANGUL]))),
    value('0008103E', 'LO', word(Buffer.concat([escape, HANGUL, Buffer.from(' chest')]))),
  ]
}

/** One item with a name, as a sender wrote it who did not know the sequence. */
function implicitItem(text: string): Buffer {
  const padded = text.length % 2 === 0 ? text : `${text} `
  const head = Buffer.alloc(16)
  head.writeUInt16LE(0xfffe, 0)
  head.writeUInt16LE(0xe000, 2)
  head.writeUInt32LE(8 + padded.length, 4)
  head.writeUInt16LE(0x0008, 8)
  head.writeUInt16LE(0x1048, 10)
  head.writeUInt32LE(padded.length, 12)
  return Buffer.concat([head, Buffer.from(padded)])
}

/** Every kind with lengths of its sequences written, and once more without; by name. */
export function makeSeeds(): Map<string, Encoded> {
  const seeds = new Map<string, Encoded>()
  for (const [name, { elements, transferSyntaxUid = EXPLICIT }] of Object.entries(KINDS)) {
    for (const isUndefinedLength of [false, true]) {
      const form = { transferSyntaxUid, isUndefinedLength }
      const encoded = encodeAs(dataSet(elements), form)
      seeds.set(isUndefinedLength ? `${name}, undefined lengths` : name, encoded)
    }
  }
  return seeds
}
