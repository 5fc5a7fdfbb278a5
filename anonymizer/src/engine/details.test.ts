/** What table E.1-1 alone does not decide: blocks, groups, moments, ages and what is attested. */
import { describe, expect, test } from 'vitest'
import {
  type DataSet,
  dataSet,
  type Element,
  getItems,
  getString,
  getStrings,
  joinChunks,
  readDicom,
  sequence,
  value,
  writeDicom,
} from '../dicom/index.ts'
import { loadProfile, type Profile } from '../profile/profile.ts'
import { openVault } from '../vault/vault.ts'
import { checkClean } from './check.ts'
import { deidentify } from './deidentify.ts'

const FORMAT = { prefix: 'LC', digits: 5 }
const vault = openVault(new Uint8Array(32).fill(9), FORMAT)
const research = loadProfile('research-longitudinal')
const open = loadProfile('open-release')
const basic = loadProfile('basic')
const SAFE = 'GEMS_ACQU_01'
const text = (words: string) => new TextEncoder().encode(words)

/** What comes out of a CT image with `more`; it has to pass the check as well. */
function cleaned(profile: Profile, ...more: Element[]): DataSet {
  const bytes = writeDicom({
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    dataSet: dataSet([
      value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
      value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.2'),
      value('00080018', 'UI', '1.2.3.4.5'),
      value('00080060', 'CS', 'CT'),
      value('00100020', 'LO', 'P-1'),
      value('00180015', 'CS', 'CHEST'),
      value('0020000D', 'UI', '1.2.3.4'),
      value('0020000E', 'UI', '1.2.3.4.1'),
      value('00280002', 'US', 1),
      value('00280010', 'US', 2),
      value('00280011', 'US', 2),
      value('00280100', 'US', 8),
      value('7FE00010', 'OB', new Uint8Array(4)),
      ...more,
    ]),
  })
  const result = joinChunks(deidentify(bytes, { profile, vault }).chunks)
  expect(checkClean(result, { profile, format: FORMAT })).toMatchObject({ isClean: true })
  return readDicom(result).dataSet
}

/** Tags that are left of `group`, without those that the image has anyway. */
function left(set: DataSet, group: string): string[] {
  return [...set.keys()].filter((tag) => tag.startsWith(group))
}

describe('private blocks (PS3.5 7.8.1, PS3.15 E.3.10)', () => {
  const creator = (block: string, name: string | readonly string[] = SAFE) =>
    value(`001900${block}`, 'LO', name)
  const safe = (block: string) => value(`0019${block}0F`, 'DS', '1.5')
  test.each<[string, Element[], string[]]>([
    ['a safe block', [creator('10'), safe('10')], ['00190010', '0019100F']],
    ['any other block number', [creator('E1'), safe('E1')], ['001900E1', '0019E10F']],
    ['no creator', [safe('10')], []],
    ['the creator of another block', [creator('11'), safe('10')], []],
    ['the creator of another group', [value('00210010', 'LO', SAFE), safe('10')], []],
    ['a creator that is not known', [creator('10', 'ACME'), safe('10')], []],
    ['small letters', [creator('10', SAFE.toLowerCase()), safe('10')], []],
    ['padded as it may be', [creator('10', ` ${SAFE} `), safe('10')], ['00190010', '0019100F']],
    ['an empty creator', [creator('10', ''), safe('10')], []],
    ['two names in one creator', [creator('10', [SAFE, 'HONG^GILDONG']), safe('10')], []],
    [
      'a creator of UN',
      [value('00190010', 'UN', text(SAFE)), safe('10')],
      ['00190010', '0019100F'],
    ],
    ['a creator that is a sequence', [sequence('00190010', [dataSet([])]), safe('10')], []],
    [
      'two blocks of one creator',
      [creator('10'), creator('11'), safe('10'), value('00191104', 'DS', '2')],
      ['00190010', '00190011', '0019100F', '00191104'],
    ],
    [
      'of two blocks only the one that is safe',
      [creator('10'), creator('11', 'ACME'), safe('10'), safe('11')],
      ['00190010', '0019100F'],
    ],
    ['a creator of nothing', [creator('10')], []],
    ['an element below all blocks', [creator('10'), value('00190001', 'LO', 'HONG')], []],
    ['what the creator has that is not safe', [creator('10'), value('001910D9', 'LO', 'HONG')], []],
  ])('%s', (_name, elements, expected) => {
    const set = cleaned(research, ...elements)
    expect(left(set, '0019')).toEqual(expected)
    expect(left(cleaned(basic, ...elements), '0019')).toEqual([])
    for (const tag of expected.filter((each) => each.startsWith('001900'))) {
      expect(getStrings(set, tag)).toEqual([SAFE])
    }
  })

  test('an item has creators of its own: those around it do not count', () => {
    const around = cleaned(research, creator('10'), sequence('00082218', [dataSet([safe('10')])]))
    expect(getItems(around, '00082218').map((item) => item.size)).toEqual([0])
    const within = cleaned(
      research,
      sequence('00082218', [
        dataSet([creator('10'), safe('10')]),
        dataSet([creator('10', 'ACME'), safe('10')]),
        dataSet([safe('10')]),
      ]),
    )
    expect(getItems(within, '00082218').map((item) => [...item.keys()])).toEqual([
      ['00190010', '0019100F'],
      [],
      [],
    ])
  })
})

test('items that the file calls a text are none: they go, and the check agrees', () => {
  const set = cleaned(research, value('00081140', 'UT', '1.2.3.4'), value('00082218', 'LT', 'HONG'))
  expect(left(set, '00081140').concat(left(set, '00082218'))).toEqual([])
})

test.each([
  ['00180060', 'DS', 'KIM MINSU', false],
  ['00180060', 'DS', '120 김민수', false],
  ['00200013', 'IS', 'KIM', false],
  ['00101010', 'AS', 'KIM Y', false],
  // Not as PS3.5 6.2 has them, yet numbers.
  ['00180060', 'DS', ' +1.2E+2', true],
  ['00200013', 'IS', '12.0', true],
  ['00101010', 'AS', '45 Y', true],
] as const)('words are no number: (%s) %s %s', (tag, vr, text, isKept) => {
  expect(cleaned(research, value(tag, vr, text)).has(tag)).toBe(isKept)
})

test('pixel data within items are none: words could hide in them', () => {
  const set = cleaned(
    research,
    sequence('00082218', [
      dataSet([value('00080104', 'LO', 'Lung'), value('7FE00010', 'OW', text('HONG^GILDONG'))]),
    ]),
  )
  expect(getItems(set, '00082218').map((item) => [...item.keys()])).toEqual([['00080104']])
})

describe('repeating groups', () => {
  const curve = (group: string) => [
    value(`${group}0005`, 'US', 1),
    value(`${group}0030`, 'SH', 'mmHg'),
    value(`${group}3000`, 'OW', text('HONG')),
  ]
  const overlay = (group: string) => [
    value(`${group}0010`, 'US', 4),
    value(`${group}0022`, 'LO', 'HONG'),
    value(`${group}3000`, 'OW', text('HONG')),
    value(`${group}4000`, 'LT', 'HONG'),
  ]
  test.each<[string, Element[]]>([
    ['50xx, the first', curve('5000')],
    ['50xx, the last', curve('501E')],
    ['50xx beyond the last', curve('50FE')],
    ['60xx, the first', overlay('6000')],
    ['60xx, the last', overlay('601E')],
    ['60xx beyond the last', overlay('60FE')],
    ['6001, which is private', overlay('6001')],
    ['all at once', [...curve('5002'), ...overlay('6000'), ...overlay('6002')]],
  ])('%s: nothing is left, at top level and in items', (_name, elements) => {
    for (const profile of [basic, research, open]) {
      const set = cleaned(profile, ...elements, sequence('00082218', [dataSet(elements)]))
      expect([...left(set, '50'), ...left(set, '60')]).toEqual([])
      expect(getItems(set, '00082218').flatMap((item) => [...item.keys()])).toEqual([])
    }
  })
})

describe('moments (PS3.15 E.3.6)', () => {
  const shifted = (date: string) => {
    const days = vault.dateOffsetDays(vault.pseudonymFor('P-1'))
    const time = Date.UTC(+date.slice(0, 4), +date.slice(4, 6) - 1, +date.slice(6, 8))
    return new Date(time + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
  }
  const day = shifted('20240229')
  test.each<[string, Element, string[]]>([
    ['DA', value('00080020', 'DA', '20240229'), [day]],
    [
      'several dates',
      value('00181200', 'DA', ['20240229', '20240301']),
      [day, shifted('20240301')],
    ],
    ['of several the one that is none', value('00181200', 'DA', ['20240229', '2024']), [day, '']],
    ['TM stays', value('00080030', 'TM', '235959.999999'), ['235959.999999']],
    ['DT with its zone', value('0008002A', 'DT', '20240229003000+0900'), [`${day}003000+0900`]],
    ['DT of a month: a dummy', value('0008002A', 'DT', '202402'), ['19000101000000']],
    ['DA in a text VR is no date', value('00080021', 'DA', 'FEBRUARY'), ['19000101']],
    ['(0008,0201) stays', value('00080201', 'SH', '+0900'), ['+0900']],
  ])('%s', (_name, element, expected) => {
    expect(getStrings(cleaned(research, element), element.tag)).toEqual(expected)
  })

  test.each([
    ['00080020', 'DA', '20240229'],
    ['00080030', 'TM', '101500'],
    ['0008002A', 'DT', '20240229101500+0900'],
    ['00080201', 'SH', '+0900'],
  ] as const)('%s tells no moment where dates are not retained', (tag, vr, moment) => {
    for (const profile of [basic, open]) {
      expect(getString(cleaned(profile, value(tag, vr, moment)), tag)).not.toContain(moment)
    }
  })
})

describe('ages: open-release puts those over 89 in one class', () => {
  test.each<[string, Element, string]>([
    ['89', value('00101010', 'AS', '089Y'), '089Y'],
    ['90', value('00101010', 'AS', '090Y'), '090Y'],
    ['91', value('00101010', 'AS', '091Y'), '090Y'],
    ['113', value('00101010', 'AS', '113Y'), '090Y'],
    ['in months', value('00101010', 'AS', '018M'), '018M'],
    ['999 months are 83 years', value('00101010', 'AS', '999M'), '999M'],
    ['no age: a dummy', value('00101010', 'AS', '93'), '000Y'],
    ['in another VR', value('00101010', 'LO', '093Y'), '090Y'],
    ['in another VR and form', value('00101010', 'LO', '93 years'), '000Y'],
    ['none', value('00101010', 'AS', ''), ''],
  ])('%s', (_name, element, expected) => {
    expect(getString(cleaned(open, element), '00101010')).toBe(expected)
  })

  test('research-longitudinal keeps them; an override that keeps them was meant', () => {
    const age = value('00101010', 'AS', '093Y')
    expect(getString(cleaned(research, age), '00101010')).toBe('093Y')
    const own = loadProfile(
      'name: own\nversion: 1\noptions: []\nagesOver89: generalise\n' +
        'overrides: [{ attribute: PatientAge, action: K }]\n',
    )
    expect(getString(cleaned(own, age), '00101010')).toBe('093Y')
    expect(cleaned(basic, age).has('00101010')).toBe(false)
  })

  test('the check finds one that is left', () => {
    const set = cleaned(open, value('00101010', 'AS', '089Y'))
    const bytes = writeDicom({
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      dataSet: dataSet([...set.values(), value('00101010', 'AS', '093Y')]),
    })
    const result = checkClean(bytes, { profile: open, format: FORMAT })
    expect(result.isClean ? [] : result.findings.map(({ code }) => code)).toEqual([
      'HOLDS_IDENTIFIER',
    ])
  })
})

describe('(0012,0063) says what was done, behind what was said before', () => {
  const methods = (before: Element[], profile = research) =>
    getStrings(cleaned(profile, ...before), '00120063')
  const label = research.label
  test.each<[string, Element[], string[]]>([
    ['nothing before', [], [label]],
    ['empty before', [value('00120063', 'LO', '')], [label]],
    ['one before', [value('00120063', 'LO', 'CTP')], ['CTP', label]],
    ['several before', [value('00120063', 'LO', ['CTP', 'other'])], ['CTP', 'other', label]],
    ['ours before', [value('00120063', 'LO', [label, 'CTP'])], ['CTP', label]],
    [
      'Korean in ISO 2022 before',
      [
        value('00080005', 'CS', ['', 'ISO 2022 IR 149']),
        value('00120063', 'LO', Uint8Array.of(0x1b, 0x24, 0x29, 0x43, 0xc8, 0xab)),
      ],
      ['홍', label],
    ],
    [
      'a letter of which the second byte is a backslash',
      [
        value('00080005', 'CS', 'GB18030'),
        // 乗 is 81 5C in GBK.
        value('00120063', 'LO', Uint8Array.of(0x81, 0x5c)),
      ],
      ['乗', label],
    ],
  ])('%s', (_name, before, expected) => {
    expect(methods(before)).toEqual(expected)
  })

  test('the longest name and version fit into one value of LO', () => {
    const longest = loadProfile(`name: ${'n'.repeat(32)}\nversion: 999999\noptions: []\n`)
    expect(longest.label.length).toBeLessThanOrEqual(64)
    for (const each of methods([value('00120063', 'LO', 'CTP')], longest)) {
      expect(each.length).toBeLessThanOrEqual(64)
    }
    expect(() => loadProfile('name: n\nversion: 1000000\noptions: []\n')).toThrow('line 2')
  })
})
