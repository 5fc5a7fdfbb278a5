import { describe, expect, test } from 'vitest'
import { dataSet, type Element, sequence, value } from '../../dicom/index.ts'
import { couldShowFace } from './header.ts'

const kindOf = (modality: string, elements: readonly Element[]) =>
  couldShowFace(
    dataSet([
      value('00080005', 'CS', 'ISO_IR 192'),
      value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
      value('00080060', 'CS', modality),
      value('00200037', 'DS', [1, 0, 0, 0, 1, 0]),
      ...elements,
    ]),
  ).kind

describe('what a header says of the face', () => {
  test.each([
    ...['HEAD', 'BRAIN', 'SKULL', 'FACE', 'ORBIT', 'SINUS', 'PARANASAL SINUS', 'JAW', 'EAR'],
    ...['HEADNECK', 'WHOLEBODY', 'MANDIBLE', 'IAC', 'ZYGOMA'],
  ])('Body Part Examined %s: face', (part) => {
    expect(kindOf('CT', [value('00180015', 'CS', part)])).toBe('face')
  })

  test.each([
    ['CT Brain (NCCT)', 'face'],
    ['T1_MPRAGE_BRAIN', 'face'],
    ['PNS CT', 'face'],
    ['Temporal bone HRCT', 'face'],
    ['뇌 MRI', 'face'],
    ['두부 CT', 'face'],
    ['부비동 전산화단층촬영', 'face'],
    ['측두골 CT', 'face'],
    ['안와 MRI (조영)', 'face'],
    ['Neck CT with CE', 'unknown'],
    ['경부 CT', 'unknown'],
    ['', 'unknown'],
    ['Routine', 'unknown'],
    ['Chest CT, head first supine', 'none'],
    ['MRI hip, femoral head AVN', 'none'],
    ['CT abdomen, head of pancreas', 'none'],
    ['췌장 두부 복부 CT', 'none'],
    ['대퇴골두 MRI', 'none'],
    ['Chest, arms overhead', 'none'],
    ['흉부 CT', 'none'],
    ['Knee MRI Lt', 'none'],
  ])('description %s: %s', (description, kind) => {
    expect(kindOf('MR', [value('00081030', 'LO', description)])).toBe(kind)
  })

  test.each([
    ['a chest X-ray', 'DX', [value('00180015', 'CS', 'SKULL')], 'none'],
    ['a localizer', 'CT', [value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'LOCALIZER'])], 'none'],
    ['slices of 10 mm', 'CT', [value('00180050', 'DS', 10)], 'none'],
    ['slices of 5 mm', 'CT', [value('00180050', 'DS', 5)], 'face'],
    [
      'profiles of 10 mm',
      'MR',
      [value('00180050', 'DS', 10), value('00200037', 'DS', [0, 1, 0, 0, 0, -1])],
      'face',
    ],
    ['a segmentation', 'CT', [value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.66.4')], 'none'],
  ])('%s of a head', (_title, modality, elements, kind) => {
    expect(kindOf(modality, [value('00180015', 'CS', 'HEAD'), ...elements])).toBe(kind)
  })

  test.each([
    ['temporomandibular joint', '53620006', 'face'],
    ['orbit, of older files', 'T-D1480', 'face'],
    ['thorax', '302551006', 'unknown'],
    ['mediastinum', '181217005', 'unknown'],
    ['duodenum', '38848004', 'unknown'],
    ['lumbar region', '52612000', 'unknown'],
    ['tarsal joint', 'T-15770', 'unknown'],
  ])('the code of %s: %s is %s', (_region, code, kind) => {
    const region = sequence('00082218', [dataSet([value('00080100', 'SH', code)])])
    expect(kindOf('CT', [region])).toBe(kind)
  })

  test('an Anatomic Region code counts, in functional groups too', () => {
    const head = sequence('00082218', [dataSet([value('00080100', 'SH', 'T-D1100')])])
    expect(kindOf('CT', [head])).toBe('face')
    const groups = dataSet([sequence('00209071', [dataSet([head])])])
    expect(kindOf('CT', [sequence('52009229', [groups])])).toBe('face')
  })
})
