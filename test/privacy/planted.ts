/**
 * Synthetic studies of many kinds with identifiers in every place, and the ways in which one may hide in
 * bytes.
 */
import { deflateSync, inflateSync } from 'node:zlib'
import {
  type DataSet,
  dataSet,
  dictionaryEntry,
  type Element,
  readDicom,
  sequence,
  tagOf,
  type ValueElement,
  VRS,
  value,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import { SOP_CLASSES } from '../support/sop-classes.ts'

export const KINDS: Readonly<Record<string, string>> = {
  ...SOP_CLASSES,
  PDF: '1.2.840.10008.5.1.4.1.1.104.1',
}
const WITHOUT_PIXELS = new Set(['SR', 'RTSTRUCT', 'PDF'])

/** A canary and the text that must not be found, which for dates is not their digits alone. */
export const planted = new Map<string, string>()
let serial = 0
export function canary(where: string): string {
  const text = `QZX${(serial++).toString().padStart(4, '0')}V`
  planted.set(text, where)
  return text
}

/** Attributes that identify, of every text VR: none of them is kept by the default profile. */
const IDENTIFYING = [
  'AccessionNumber',
  'InstitutionName',
  'InstitutionAddress',
  'ReferringPhysicianName',
  'ReferringPhysicianAddress',
  'ReferringPhysicianTelephoneNumbers',
  'StationName',
  'InstitutionalDepartmentName',
  'PhysiciansOfRecord',
  'PerformingPhysicianName',
  'NameOfPhysiciansReadingStudy',
  'OperatorsName',
  'OtherPatientIDs',
  'OtherPatientNames',
  'PatientBirthName',
  'PatientAddress',
  'PatientMotherBirthName',
  'MilitaryRank',
  'MedicalRecordLocator',
  'PatientTelephoneNumbers',
  'PatientTelecomInformation',
  'InsurancePlanIdentification',
  'CountryOfResidence',
  'RegionOfResidence',
  'PatientReligiousPreference',
  'ResponsiblePerson',
  'ResponsibleOrganization',
  'DeviceSerialNumber',
  'PlateID',
  'GantryID',
  'CassetteID',
  'StudyID',
  'RequestingPhysician',
  'AdmissionID',
  'ServiceEpisodeID',
  'ScheduledPerformingPhysicianName',
  'PerformedStationName',
  'PerformedProcedureStepID',
  'PlacerOrderNumberImagingServiceRequest',
  'FillerOrderNumberImagingServiceRequest',
  'OrderEnteredBy',
  'OrderCallbackPhoneNumber',
  'VerifyingOrganization',
  'VerifyingObserverName',
  'PersonAddress',
  'PersonTelephoneNumbers',
  'ContentCreatorName',
  'ReviewerName',
  'InterpretationRecorder',
  'DistributionName',
] as const

function identifying(where: string): Element[] {
  return IDENTIFYING.map((keyword) => {
    const tag = tagOf(keyword)
    const vr = dictionaryEntry(tag)?.vr ?? 'LO'
    if (vr === 'SQ') throw new Error(`${keyword} is a sequence`)
    return value(tag, vr, canary(`${where} ${keyword}`))
  })
}

const wordsOf = (text: string) => new TextEncoder().encode(text)

function hidden(where: string): Element[] {
  const bytes = (place: string) => new TextEncoder().encode(`${canary(`${where} ${place}`)} `)
  return [
    value('00090010', 'LO', `ACME ${canary(`${where} owner`)}`),
    value('00091001', 'UN', bytes('private UN')),
    value('00091002', 'LO', canary(`${where} private LO`)),
    sequence('00091003', [dataSet([value('00081030', 'LO', canary(`${where} private SQ`))])]),
    value('00091004', 'OB', deflateSync(bytes('private deflated'))),
    value('00091005', 'OB', Buffer.from(Buffer.from(bytes('private base64')).toString('base64'))),
    value('00280040', 'CS', canary(`${where} retired`)),
    value('00085FFF', 'LO', canary(`${where} of no standard`)),
    value('50003000', 'OW', bytes('a curve')),
    value('60003000', 'OW', bytes('an overlay')),
    value('FFFCFFFC', 'OB', bytes('padding')),
    // Eight bytes: a whole number of values in every VR.
    ...VRS.filter((vr) => vr !== 'SQ').map((vr, at) =>
      value(
        `000910${(0x10 + at).toString(16).toUpperCase()}`,
        vr,
        wordsOf(canary(`${where} private ${vr}`)),
      ),
    ),
    // Kept by every profile where they hold what their VR says.
    value('00101010', 'AS', wordsOf(canary(`${where} AS`))),
    value('00180060', 'DS', wordsOf(canary(`${where} DS`))),
    value('00200100', 'IS', wordsOf(canary(`${where} IS`))),
    value('00080012', 'DA', wordsOf(canary(`${where} DA`))),
    value('00080013', 'TM', wordsOf(canary(`${where} TM`))),
    value('0008002A', 'DT', wordsOf(canary(`${where} DT`))),
    value('00081155', 'UI', wordsOf(canary(`${where} UI`))),
  ]
}

/** The subject in every spelling that texts use. */
export const SUBJECT = {
  name: 'HONGCANARY^GILDONG=洪隱匿^吉東=홍카나^길동물',
  id: 'HN-77341902',
  birth: '19630417',
  parts: ['HONGCANARY', 'GILDONG', '洪隱匿', '吉東', '홍카나', '길동물', '77341902'],
  mail: 'gildong.h@hospital-canary.kr',
  phone: '010-7734-1902',
  resident: '630417-1234567',
}
export const CLINICAL = 'spiculated nodule in RUL, 우상엽 결절'
const FREE_TEXT =
  `${CLINICAL}; 홍카나길동물 (${SUBJECT.id}) ${SUBJECT.mail} ${SUBJECT.phone} ` +
  `${SUBJECT.resident} born 1963-04-17, Gildong Hongcanary`

/** `more` comes in place of what it has. */
export function instance(kind: string, index: number, more: readonly Element[] = []): Uint8Array {
  const elements: Element[] = [
    value('00080005', 'CS', 'ISO_IR 192'),
    value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
    value('00080016', 'UI', KINDS[kind] ?? ''),
    value('00080018', 'UI', `1.2.826.77.${index}`),
    value('00080020', 'DA', '20240229'),
    value('00080060', 'CS', kind.slice(-2)),
    value('00081030', 'LO', 'Chest HONGCANARY'),
    value('0008103E', 'LO', `Axial ${SUBJECT.id}`),
    value('00100010', 'PN', SUBJECT.name),
    value('00100020', 'LO', SUBJECT.id),
    value('00100030', 'DA', SUBJECT.birth),
    value('00104000', 'LT', FREE_TEXT),
    value('0020000D', 'UI', '1.2.826.77.1.1'),
    value('0020000E', 'UI', `1.2.826.77.1.1.${index}`),
    value('00204000', 'LT', FREE_TEXT),
    ...identifying(kind),
    ...hidden(kind),
    sequence('00400275', [dataSet(identifying(`${kind} item`))]),
    sequence('00082218', [dataSet([value('00080104', 'LO', 'Lung'), ...nested(kind)])]),
  ]
  if (kind === 'SR') elements.push(...content())
  if (kind === 'PDF') elements.push(value('00420011', 'OB', Buffer.from(`%PDF ${canary('a PDF')}`)))
  if (!WITHOUT_PIXELS.has(kind)) {
    elements.push(
      value('00280002', 'US', 1),
      value('00280010', 'US', 4),
      value('00280011', 'US', 4),
      value('00280100', 'US', 8),
      value('7FE00010', 'OB', new Uint8Array(16)),
    )
  }
  return withMeta(dataSet([...elements, ...more]), kind)
}

/** The files of one series, with the same canaries in each. */
export function withCanaries(files: readonly Uint8Array[], where: string): Uint8Array[] {
  const added = [
    value('00080005', 'CS', 'ISO_IR 192'),
    value('00100010', 'PN', canary(`${where} name`)),
    value('00100020', 'LO', canary(`${where} id`)),
    ...identifying(where),
    ...hidden(where),
    sequence('00400275', [dataSet(identifying(`${where} item`))]),
    sequence('00082218', [dataSet([value('00080104', 'LO', 'Lung'), ...nested(where)])]),
  ]
  return files.map((bytes) => {
    const { dataSet: original, transferSyntaxUid } = readDicom(bytes)
    return writeDicom({ transferSyntaxUid, dataSet: dataSet([...original.values(), ...added]) })
  })
}

function nested(kind: string): Element[] {
  return [
    value('00081048', 'PN', canary(`${kind} nested name`)),
    sequence('00082229', [dataSet([value('00081060', 'PN', canary(`${kind} deeper name`))])]),
  ]
}

function content(): Element[] {
  const text = (code: string, meaning: string, words: string) =>
    dataSet([
      value('0040A010', 'CS', 'CONTAINS'),
      value('0040A040', 'CS', 'TEXT'),
      sequence('0040A043', [
        dataSet([
          value('00080100', 'SH', code),
          value('00080102', 'SH', 'DCM'),
          value('00080104', 'LO', meaning),
        ]),
      ]),
      value('0040A160', 'UT', words),
    ])
  return [
    sequence('0040A730', [
      text('121071', 'Finding', FREE_TEXT),
      text('121022', 'Accession Number', canary('SR accession')),
      text('121029', 'Subject Name', canary('SR subject')),
      text('121008', 'Person Observer Name', canary('SR observer')),
    ]),
  ]
}

/** The preamble and the file meta information hold canaries too. */
function withMeta(set: DataSet, kind: string): Uint8Array {
  const bytes = Buffer.from(writeDicom({ transferSyntaxUid: '1.2.840.10008.1.2.1', dataSet: set }))
  bytes.write(canary(`${kind} preamble`), 3, 'latin1')
  const title: ValueElement = value('00020016', 'AE', canary(`${kind} source title`))
  const head = Buffer.alloc(8)
  head.writeUInt16LE(0x0002, 0)
  head.writeUInt16LE(0x0016, 2)
  head.write('AE', 4)
  head.writeUInt16LE(title.bytes.length, 6)
  const length = bytes.readUInt32LE(140)
  const end = 144 + length
  bytes.writeUInt32LE(length + 8 + title.bytes.length, 140)
  return Buffer.concat([bytes.subarray(0, end), head, title.bytes, bytes.subarray(end)])
}

/** The Korean name in ISO 2022, as older scanners write it (PS3.5 annex I). */
export function koreanInstance(): Uint8Array {
  const hangul = Buffer.from([0xc8, 0xab, 0xc4, 0xab, 0xb3, 0xaa]) // 홍카나 in KS X 1001
  const escape = Buffer.from([0x1b, 0x24, 0x29, 0x43])
  const name = Buffer.concat([Buffer.from('Hong^Canna=='), escape, hangul, Buffer.from('^')])
  const study = Buffer.concat([escape, hangul, Buffer.from(' chest')])
  return writeDicom({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    dataSet: dataSet([
      value('00080005', 'CS', ['', 'ISO 2022 IR 149']),
      value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
      value('00080016', 'UI', KINDS['CT'] ?? ''),
      value('00080018', 'UI', '1.2.826.77.900'),
      value('00080060', 'CS', 'CT'),
      value('00081030', 'LO', study),
      value('00100010', 'PN', name),
      value('00100020', 'LO', SUBJECT.id),
      value('0020000D', 'UI', '1.2.826.77.9.1'),
      value('0020000E', 'UI', '1.2.826.77.9.2'),
      value('00280002', 'US', 1),
      value('00280010', 'US', 2),
      value('00280011', 'US', 2),
      value('00280100', 'US', 8),
      value('7FE00010', 'OB', new Uint8Array(4)),
    ]),
  })
}

/** The ways in which text may hide in bytes. */
export function spellings(text: string): Buffer[] {
  const plain = Buffer.from(text)
  const numbers = [...plain].join(',')
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), plain]).toString('base64')
    // What its neighbours decide is left out at both ends.
    return Buffer.from(encoded.slice(shift === 0 ? 0 : 4, -4))
  })
  return [
    plain,
    // Hangul taken apart, as names of files from a Mac are.
    Buffer.from(text.normalize('NFD')),
    Buffer.from(text, 'utf16le'),
    Buffer.from(text, 'utf16le').swap16(),
    Buffer.from(plain.toString('hex')),
    Buffer.from(plain.toString('hex').toUpperCase()),
    Buffer.from(numbers),
    Buffer.from(numbers.replaceAll(',', ', ')),
    ...base64,
  ].filter((each) => each.length >= 6)
}

/**
 * What every canary has in common, in each spelling: where none of these is, there is no canary. Of
 * base64 only the characters that the common bytes decide alone.
 */
export const STEMS: readonly Buffer[] = ['QZX0', 'QZX1', 'QZX2'].flatMap((stem) => {
  const plain = Buffer.from(stem)
  const hex = plain.toString('hex')
  const numbers = [...plain].join(',')
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), plain]).toString('base64')
    const bits = 8 * (shift + plain.length)
    return Buffer.from(encoded.slice(Math.ceil((8 * shift) / 6), Math.floor(bits / 6)))
  })
  return [
    plain,
    Buffer.from(stem, 'utf16le'),
    Buffer.from(stem, 'utf16le').swap16(),
    Buffer.from(hex),
    Buffer.from(hex.toUpperCase()),
    Buffer.from(numbers),
    Buffer.from(numbers.replaceAll(',', ', ')),
    ...base64,
  ]
})

/** Every run of bytes that inflates, wherever it begins with a header of zlib. */
export function inflated(bytes: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = bytes.indexOf(0x78); at !== -1; at = bytes.indexOf(0x78, at + 1)) {
    if (bytes.readUInt16BE(Math.min(at, bytes.length - 2)) % 31 !== 0) continue
    try {
      found.push(inflateSync(bytes.subarray(at), { maxOutputLength: 1 << 20 }))
    } catch {
      // Not a stream.
    }
  }
  return found
}
