/**
 * Synthetic studies of many modalities with an answer key: what has to stay, to go, to move or to be
 * replaced, by what was planted and by the standard's table. Nothing of the engine is asked.
 */
import {
  type DataSet,
  dataSet,
  type Element,
  sequence,
  value,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import { SOP_CLASSES } from '../../support/sop-classes.ts'
import { CLINICAL, FORMS, PEOPLE, type Person } from './people.ts'

export type Category =
  | 'tag retained'
  | 'tag removed'
  | 'text retained'
  | 'text removed'
  | 'date shifted'
  | 'UID changed and consistent'
  | 'subject consistent'
  | 'pixels retained'
  | 'pixels hidden and retained'

/** One required action: where, and what the value was. Paths are as readers write them. */
export interface Answer {
  readonly category: Category
  readonly path: string
  readonly original: string
}

export interface Study {
  readonly person: Person
  readonly modality: string
  readonly bytes: Uint8Array
  readonly answers: readonly Answer[]
}

/** Modality → SOP class, and where its free texts are. */
const KINDS: Readonly<Record<string, string>> = SOP_CLASSES
const WITHOUT_PIXELS = new Set(['SR', 'RTSTRUCT'])

/** Texts that table E.1-1 cleans under Clean Descriptors; VRs as in PS3.6. */
const DESCRIPTORS = [
  ['00081030', 'LO'], // Study Description
  ['0008103E', 'LO'], // Series Description
  ['00102180', 'SH'], // Occupation
  ['001021B0', 'LT'], // Additional Patient History
  ['00104000', 'LT'], // Patient Comments
  ['00181030', 'LO'], // Protocol Name
  ['00204000', 'LT'], // Image Comments
  ['00321060', 'LO'], // Requested Procedure Description
  ['00400254', 'LO'], // Performed Procedure Step Description
  ['00400280', 'ST'], // Comments on the Performed Procedure Step
] as const
const LENGTHS: Readonly<Record<string, number>> = { LO: 64, SH: 16, ST: 1024, LT: 10240 }

/** Identifying attributes that no option of the profile keeps. */
const REMOVED = [
  ['00080050', 'SH', 'accession'],
  ['00080080', 'LO', 'Seoul Invented Hospital'],
  ['00080081', 'ST', '1 Invented-ro, Seoul'],
  ['00080090', 'PN', 'referrer'],
  ['00081010', 'SH', 'CT-ROOM-7'],
  ['00081070', 'PN', 'Operator^Oscar'],
  ['00100030', 'DA', 'birth'],
  ['00101000', 'LO', 'OTHER-1182'],
  ['00101040', 'LO', '22 Invented-gil'],
  ['00102154', 'SH', '010-9999-8888'],
  ['00181000', 'LO', 'SERIAL-99812'],
  ['00200010', 'SH', 'STUDY-4471'],
  ['00400253', 'SH', 'PPS-118823'],
] as const

/** Clinical and technical attributes that stay as they are. */
const RETAINED = [
  ['00080008', 'CS', 'ORIGINAL\\PRIMARY\\AXIAL'],
  ['00080070', 'LO', 'Invented Medical'],
  ['00081090', 'LO', 'Scanner 3000'],
  ['00100040', 'CS', 'F'],
  ['00101010', 'AS', '061Y'],
  ['00101020', 'DS', '1.71'],
  ['00101030', 'DS', '68.5'],
  ['00180015', 'CS', 'CHEST'],
  ['00180050', 'DS', '1.25'],
  ['00180060', 'DS', '120'],
  ['00181020', 'LO', 'V4.2 b118'],
  ['00181151', 'IS', '250'],
  ['00181210', 'SH', 'B70f'],
  ['00185100', 'CS', 'HFS'],
  ['00200011', 'IS', '3'],
  ['00200013', 'IS', '17'],
  ['00200032', 'DS', '-170\\-170\\-24.5'],
  ['00200037', 'DS', '1\\0\\0\\0\\1\\0'],
  ['00281050', 'DS', '40'],
  ['00281051', 'DS', '400'],
] as const

const DATES = [
  ['00080012', 'DA', ''],
  ['00080020', 'DA', ''],
  ['00080021', 'DA', ''],
  ['00080022', 'DA', ''],
  ['00080023', 'DA', ''],
  ['0008002A', 'DT', '101530.25+0900'],
  ['00400244', 'DA', ''],
] as const

export function makeStudies(): Study[] {
  const studies: Study[] = []
  let serial = 0
  PEOPLE.forEach((person, who) => {
    for (const visit of [0, 1]) {
      for (const modality of Object.keys(KINDS)) {
        studies.push(makeStudy(person, who, visit, modality, serial++))
      }
    }
  })
  return studies
}

function makeStudy(
  person: Person,
  who: number,
  visit: number,
  modality: string,
  serial: number,
): Study {
  const answers: Answer[] = []
  const say = (category: Category, path: string, original: string) =>
    answers.push({ category, path, original })
  const elements: Element[] = [
    value('00080005', 'CS', 'ISO_IR 192'),
    value('00080016', 'UI', KINDS[modality] ?? ''),
    value('00080060', 'CS', modality === 'SC' ? 'OT' : modality.slice(-8)),
    value('00100010', 'PN', person.name),
    value('00100020', 'LO', person.id),
  ]
  say('subject consistent', '00100020', person.id)
  for (const [tag, vr, text] of REMOVED) {
    const original =
      text === 'accession' || text === 'referrer' || text === 'birth' ? person[text] : text
    elements.push(value(tag, vr, original))
    say('tag removed', tag, original)
  }
  for (const [tag, vr, text] of RETAINED) {
    elements.push(value(tag, vr, text))
    say('tag retained', tag, text)
  }
  DATES.forEach(([tag, vr, time], at) => {
    const day = new Date(Date.UTC(2024, visit * 5, 20 + at + who)).toISOString()
    const date = day.slice(0, 10).replaceAll('-', '') + time
    elements.push(value(tag, vr, date))
    say('date shifted', tag, date)
  })
  const uids: Readonly<Record<string, string>> = {
    '00080018': `1.2.826.7.${who}.${visit}.${serial}`,
    '0020000D': `1.2.826.7.${who}.${visit}`,
    '0020000E': `1.2.826.7.${who}.${visit}.${serial}.1`,
    '00200052': `1.2.826.7.${who}.${visit}.99`,
  }
  for (const [tag, uid] of Object.entries(uids)) {
    elements.push(value(tag, 'UI', uid))
    say('UID changed and consistent', tag, uid)
  }
  // The instance before this one, so that references cross files.
  const reference = `1.2.826.7.${who}.${visit}.${Math.max(serial - 1, 0)}`
  elements.push(
    sequence('00081140', [
      dataSet([value('00081150', 'UI', KINDS['CT'] ?? ''), value('00081155', 'UI', reference)]),
    ]),
  )
  say('UID changed and consistent', '00081140[0].00081155', reference)
  say('tag retained', '00081140[0].00081150', KINDS['CT'] ?? '')
  DESCRIPTORS.forEach(([tag, vr], at) => {
    const { text, kept, gone } = sentence(
      person,
      serial * DESCRIPTORS.length + at,
      LENGTHS[vr] ?? 64,
    )
    elements.push(value(tag, vr, text))
    for (const word of kept) say('text retained', tag, word)
    for (const word of gone) say('text removed', tag, word)
  })
  elements.push(...ownTexts(person, modality, serial, say))
  if (!WITHOUT_PIXELS.has(modality)) {
    const pixels = Uint8Array.from({ length: 64 }, (_, at) => (at * 7 + serial) & 0xff)
    elements.push(
      value('00280002', 'US', 1),
      value('00280004', 'CS', 'MONOCHROME2'),
      value('00280010', 'US', 8),
      value('00280011', 'US', 8),
      value('00280100', 'US', 8),
      value('7FE00010', 'OB', pixels),
    )
    say('pixels retained', '7FE00010', Buffer.from(pixels).toString('hex'))
  }
  const file = { transferSyntaxUid: '1.2.840.10008.1.2.1', dataSet: dataSet(elements) }
  return { person, modality, bytes: writeDicom(file), answers }
}

/** Texts where only this modality has them. */
function ownTexts(
  person: Person,
  modality: string,
  serial: number,
  say: (category: Category, path: string, original: string) => void,
): Element[] {
  const at = serial * 31 + 7
  const words = (path: string) => {
    const { text, kept, gone } = sentence(person, at, 1024)
    for (const word of kept) say('text retained', path, word)
    for (const word of gone) say('text removed', path, word)
    return text
  }
  switch (modality) {
    case 'SR':
      say('tag removed', '0040A730[1].0040A123', person.referrer)
      return [
        sequence('0040A730', [
          contentItem(
            'TEXT',
            '121071',
            'Finding',
            value('0040A160', 'UT', words('0040A730[0].0040A160')),
          ),
          contentItem(
            'PNAME',
            '121008',
            'Person Observer Name',
            value('0040A123', 'PN', person.referrer),
          ),
        ]),
      ]
    case 'SEG':
      return [
        sequence('00620002', [
          dataSet([
            value('00620004', 'US', 1),
            value('00620005', 'LO', 'Lung tumour'),
            value('00620006', 'ST', words('00620002[0].00620006')),
          ]),
        ]),
      ]
    case 'RTSTRUCT':
      say('tag retained', '30060020[0].30060022', '1')
      return [
        sequence('30060020', [
          dataSet([
            value('30060022', 'IS', 1),
            value('30060028', 'ST', words('30060020[0].30060028')),
          ]),
        ]),
      ]
    case 'enhanced CT':
      return [
        sequence('52009230', [
          dataSet([
            sequence('00209111', [
              dataSet([value('00209158', 'LT', words('52009230[0].00209111[0].00209158'))]),
            ]),
          ]),
        ]),
      ]
    default:
      return []
  }
}

function contentItem(type: string, code: string, meaning: string, content: Element): DataSet {
  return dataSet([
    value('0040A010', 'CS', 'CONTAINS'),
    value('0040A040', 'CS', type),
    sequence('0040A043', [
      dataSet([
        value('00080100', 'SH', code),
        value('00080102', 'SH', 'DCM'),
        value('00080104', 'LO', meaning),
      ]),
    ]),
    content,
  ])
}

const JOINTS = [' / ', ' ', ', ']

/** A phrase, an identifier, another phrase … as long as they fit; `at` decides which. */
function sentence(person: Person, at: number, maxBytes: number) {
  const forms = Object.values(FORMS).flat()
  const parts = `${person.name}^${person.referrer}`.toLowerCase().split(/[\^=\s]+/)
  const own = [...person.spellings, ...person.ids]
  const kept: string[] = []
  const gone: string[] = []
  let text = ''
  for (let round = 0; round < 3; round++) {
    const phrase = CLINICAL[(at * 3 + round * 5) % CLINICAL.length] ?? ''
    const pool = (at + round) % 2 === 0 ? own : forms
    const identifier = pool[(at * 7 + round * 11) % pool.length] ?? ''
    const piece =
      (text === '' ? '' : '; ') + phrase + (JOINTS[(at + round) % 3] ?? ' ') + identifier
    if (Buffer.byteLength(text + piece) > maxBytes) break
    text += piece
    // A word that is a part of the name has to go, whatever else it means.
    kept.push(...phrase.split(' ').filter((word) => !parts.includes(word.toLowerCase())))
    gone.push(identifier)
  }
  return { text, kept, gone }
}
