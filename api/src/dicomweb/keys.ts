/**
 * Matching keys of QIDO-RS and the attributes of its answers (PS3.18 tables 10.6.1-5 and 10.6.3-3 to
 * -5) as data: what each is called, its VR, and where the database keeps it. `s`, `se` and `i` are the
 * tables of studies, series and instances.
 */

export type Level = 'study' | 'series' | 'instance'
export const LEVELS: readonly Level[] = ['study', 'series', 'instance']

type KeyVr = 'AS' | 'CS' | 'DA' | 'IS' | 'LO' | 'PN' | 'SH' | 'TM' | 'UI'

export interface Key {
  readonly keyword: string
  readonly tag: string
  readonly vr: KeyVr
  readonly level: Level
  /** SQL of the value as text; of a person name: alphabetic, ideographic, phonetic. */
  readonly sql: string | readonly [string, string, string]
  /** One of several values has to match. */
  readonly isArray?: true
  /** Of the items of this sequence: `sql` is applied to `item`. */
  readonly items?: string
  /** Date and time of the same moment with its offset from UTC. */
  readonly moment?: { readonly date: string; readonly time: string; readonly zone: string }
}

const inStudy = (tag: string) => `s.attributes #>> '{${tag},Value,0}'`
const inSeries = (tag: string) => `se.attributes #>> '{${tag},Value,0}'`
const time = (sql: string) => `rpad(replace(${sql}, '.', ''), 12, '0')`
const name = (tag: string) => {
  const group = (form: string) => `rtrim(lower(s.attributes #>> '{${tag},Value,0,${form}}'), '^')`
  return [group('Alphabetic'), group('Ideographic'), group('Phonetic')] as const
}

const STUDY_MOMENT = { date: 's.study_date', time: 's.study_time', zone: inStudy('00080201') }
const STEP_MOMENT = {
  date: inSeries('00400244'),
  time: time(inSeries('00400245')),
  zone: inSeries('00080201'),
}
const REQUEST_ITEMS = `se.attributes #> '{00400275,Value}'`

export const KEYS: readonly Key[] = [
  key('StudyDate', '00080020', 'DA', 'study', 's.study_date', { moment: STUDY_MOMENT }),
  key('StudyTime', '00080030', 'TM', 'study', 's.study_time', { moment: STUDY_MOMENT }),
  key('AccessionNumber', '00080050', 'SH', 'study', 's.accession_number'),
  key('ModalitiesInStudy', '00080061', 'CS', 'study', 's.modalities', { isArray: true }),
  key('ReferringPhysicianName', '00080090', 'PN', 'study', name('00080090')),
  key('StudyDescription', '00081030', 'LO', 'study', inStudy('00081030')),
  key('PatientName', '00100010', 'PN', 'study', [
    's.patient_name',
    's.patient_name_ideographic',
    's.patient_name_phonetic',
  ]),
  key('PatientID', '00100020', 'LO', 'study', 's.patient_id'),
  key('PatientBirthDate', '00100030', 'DA', 'study', inStudy('00100030')),
  key('PatientSex', '00100040', 'CS', 'study', inStudy('00100040')),
  key('PatientAge', '00101010', 'AS', 'study', inStudy('00101010')),
  key('StudyInstanceUID', '0020000D', 'UI', 'study', 's.study_instance_uid'),
  key('StudyID', '00200010', 'SH', 'study', inStudy('00200010')),
  key('Modality', '00080060', 'CS', 'series', 'se.modality'),
  key('SeriesDescription', '0008103E', 'LO', 'series', inSeries('0008103E')),
  key('BodyPartExamined', '00180015', 'CS', 'series', inSeries('00180015')),
  key('SeriesInstanceUID', '0020000E', 'UI', 'series', 'se.series_instance_uid'),
  key('SeriesNumber', '00200011', 'IS', 'series', inSeries('00200011')),
  key('PerformedProcedureStepStartDate', '00400244', 'DA', 'series', STEP_MOMENT.date, {
    moment: STEP_MOMENT,
  }),
  key('PerformedProcedureStepStartTime', '00400245', 'TM', 'series', STEP_MOMENT.time, {
    moment: STEP_MOMENT,
  }),
  key(
    'RequestAttributesSequence.ScheduledProcedureStepID',
    '00400275.00400009',
    'SH',
    'series',
    `item #>> '{00400009,Value,0}'`,
    { items: REQUEST_ITEMS },
  ),
  key(
    'RequestAttributesSequence.RequestedProcedureID',
    '00400275.00401001',
    'SH',
    'series',
    `item #>> '{00401001,Value,0}'`,
    { items: REQUEST_ITEMS },
  ),
  key('SOPClassUID', '00080016', 'UI', 'instance', 'i.sop_class_uid'),
  key('SOPInstanceUID', '00080018', 'UI', 'instance', 'i.sop_instance_uid'),
  key('InstanceNumber', '00200013', 'IS', 'instance', `i.metadata #>> '{00200013,Value,0}'`),
]

function key(
  keyword: string,
  tag: string,
  vr: KeyVr,
  level: Level,
  sql: Key['sql'],
  more: Pick<Key, 'isArray' | 'items' | 'moment'> = {},
): Key {
  return { keyword, tag, vr, level, sql, ...more }
}

/** Given even where it is empty (types 1 and 2): tag and VR. */
export const REQUIRED: Readonly<Record<Level, Readonly<Record<string, string>>>> = {
  study: {
    '00080020': 'DA',
    '00080030': 'TM',
    '00080050': 'SH',
    '00080090': 'PN',
    '00100010': 'PN',
    '00100020': 'LO',
    '00100030': 'DA',
    '00100040': 'CS',
    '00200010': 'SH',
  },
  series: { '00200011': 'IS' },
  instance: { '00200013': 'IS' },
}

/** Given where they are known, unasked. */
export const COMMON: Readonly<Record<Level, readonly string[]>> = {
  study: ['00080005', '00080201', '00081030'],
  series: ['00080005', '00080201', '0008103E', '00400244', '00400245', '00400275'],
  instance: ['00080005', '00080201', '00280008', '00280010', '00280011', '00280100'],
}
