/**
 * Conditions of Types 1C and 2C (PS3.5 7.4.2, 7.4.4) that an instance itself can answer: by what
 * stands beside the attribute, in the same data set or item. Only codes of table E.1-1 with an X
 * depend on them, for only those may leave out what need not be there.
 *
 * In: the attribute's siblings. Out: whether it is required; undefined: it cannot be told, and then
 * the condition counts as met. What is not in this table is about other instances, procedures or the
 * world ("if a performed procedure step was involved") and counts as met too.
 */
import { type DataSet, getItems, getString, type Tag } from '../dicom/index.ts'

export type Condition = (siblings: DataSet) => boolean | undefined

interface ConditionRow {
  /** By their PS3.3 names; undefined: every module that invokes the macro. */
  readonly modules?: readonly string[]
  /** Tags from the outside in, with dots; of a macro only the end, after `*.` */
  readonly path: string
  readonly isMet: Condition
}

const ROWS: readonly ConditionRow[] = [
  // Acquisition DateTime: C.8.15.2 and C.8.13.1, of frames that are acquired, not converted.
  {
    modules: ['enhanced-ct-image', 'enhanced-mr-image', 'mr-spectroscopy'],
    path: '0008002A',
    isMet: (siblings) => isAcquired(siblings, ['ORIGINAL', 'MIXED']),
  },
  // C.8.22.3
  {
    modules: ['enhanced-pet-image'],
    path: '0008002A',
    isMet: (siblings) => isAcquired(siblings, ['ORIGINAL']),
  },
  // C.8.17.2
  {
    modules: ['ophthalmic-photography-image'],
    path: '0008002A',
    isMet: (siblings) => isOneOf(siblings, '00080008', ['ORIGINAL']),
  },
  // C.8.5.6
  {
    modules: ['us-image'],
    path: '0008002A',
    isMet: (siblings) => isOneOf(siblings, '00080060', ['IVUS']),
  },
  // Patient's Sex Neutered, of animals: C.7.2.2
  { modules: ['patient-study'], path: '00102203', isMet: isAnimal },
  // Reviewer Name: C.8.8.16
  {
    modules: ['approval'],
    path: '300E0008',
    isMet: (siblings) => isOneOf(siblings, '300E0002', ['APPROVED', 'REJECTED']),
  },
  // Observation DateTime, where it is not that of the content: C.17.3
  { modules: ['sr-document-content'], path: '0040A032', isMet: isOtherThanContent },
  // Station Name of an observer that is a device: C.33.1, C.34.15 and C.17.2
  {
    modules: ['content-assessment-results', 'protocol-approval', 'sr-document-general'],
    path: '*.00081010',
    isMet: (siblings) => isOneOf(siblings, '0040A084', ['DEV']),
  },
  // Institution Code Sequence of an assertion on use at an institution: C.34.15
  { modules: ['protocol-approval'], path: '00440100.00080082', isMet: isOfInstitution },
  // Of a person (table 10-1): name or code. Where both stand the code goes, so the name is required.
  { path: '*.00080082', isMet: (siblings) => getString(siblings, '00080080') === '' },
]

/** `path`: tags from the outside in, with dots; undefined: its condition counts as met. */
export function conditionOf(module: string, path: string): Condition | undefined {
  const row = ROWS.find(
    (each) =>
      (each.modules?.includes(module) ?? true) &&
      (each.path.startsWith('*') ? path.endsWith(each.path.slice(1)) : path === each.path),
  )
  return row?.isMet
}

function isOneOf(siblings: DataSet, tag: Tag, values: readonly string[]): boolean | undefined {
  const found = getString(siblings, tag)
  return found === '' ? undefined : values.includes(found)
}

/** Legacy Converted Enhanced CT, MR and PET. */
const LEGACY_CONVERTED: ReadonlySet<string> = new Set([
  '1.2.840.10008.5.1.4.1.1.2.2',
  '1.2.840.10008.5.1.4.1.1.4.4',
  '1.2.840.10008.5.1.4.1.1.128.1',
])

function isAcquired(siblings: DataSet, imageTypes: readonly string[]): boolean | undefined {
  if (LEGACY_CONVERTED.has(getString(siblings, '00080016'))) return false
  return isOneOf(siblings, '00080008', imageTypes)
}

/** Animals need a species (C.7.1.1), as a text or as a code; persons may have one. */
function isAnimal(siblings: DataSet): boolean {
  const codes = getItems(siblings, '00102202').map((item) => getString(item, '00080100'))
  const description = getString(siblings, '00102201')
  if (codes.length === 0 && description === '') return false
  return !codes.some((code) => HUMAN.has(code)) && !/^(homo sapiens|human)$/i.test(description)
}

/** Homo sapiens in SNOMED CT and SNOMED RT (CID 7454). */
const HUMAN: ReadonlySet<string> = new Set(['337915000', 'L-85003'])

/** Texts are compared as they stand: a zone or fractions on one side count as another moment. */
function isOtherThanContent(siblings: DataSet): boolean | undefined {
  const content = getString(siblings, '00080023') + getString(siblings, '00080033')
  const observed = getString(siblings, '0040A032')
  return content.length < DATE_TIME_LENGTH ? undefined : observed !== content
}

const DATE_TIME_LENGTH = 'YYYYMMDDHHMMSS'.length

function isOfInstitution(siblings: DataSet): boolean | undefined {
  const [assertion] = getItems(siblings, '00440101').map((item) => getString(item, '00080100'))
  return assertion === undefined || assertion === '' ? undefined : OF_INSTITUTION.has(assertion)
}

/** (Dis)approved for use at the institution; (in)eligible for reimbursement, also per patient. */
const OF_INSTITUTION: ReadonlySet<string> = new Set([
  '128603',
  '128623',
  '128613',
  '128614',
  '128615',
])
