/** The label schema a new project starts with: lung tumour work, coded in SNOMED CT as DICOM does. */
import type { CodedConcept, SegmentLabel } from '@pandok/contract'

const sct = (codeValue: string, codeMeaning: string): CodedConcept => ({
  codeValue,
  codingSchemeDesignator: 'SCT',
  codeMeaning,
})

/** PS3.16 CID 7150 */
const ABNORMAL = sct('49755003', 'Morphologically Abnormal Structure')

export const LUNG_TUMOUR_SEGMENTS: SegmentLabel[] = [
  {
    number: 1,
    labelEn: 'Primary tumour',
    labelKo: '원발 종양',
    category: ABNORMAL,
    type: sct('372087000', 'Neoplasm, Primary'),
    rgb: [230, 80, 60],
  },
  {
    number: 2,
    labelEn: 'Lymph node metastasis',
    labelKo: '림프절 전이',
    category: ABNORMAL,
    type: sct('14799000', 'Neoplasm, Secondary'),
    rgb: [80, 160, 250],
  },
  {
    number: 3,
    labelEn: 'Other nodule',
    labelKo: '기타 결절',
    category: ABNORMAL,
    type: sct('27925004', 'Nodule'),
    rgb: [240, 200, 60],
  },
]
