/** README.md of a release: what is in it, how it fits together, how to check it. */
import type { SegmentLabel } from '@pandok/contract'
import { OUTCOME_COLUMNS } from './outcomes-csv.ts'

export interface ReadmeInput {
  readonly nameEn: string
  readonly nameKo: string
  readonly number: number
  readonly cases: number
  readonly segments: readonly SegmentLabel[]
}

export function dataReadme({ nameEn, nameKo, number, cases, segments }: ReadmeInput): string {
  const labels = segments.map(
    ({ number: value, labelEn, labelKo, type }) =>
      `| ${value} | ${labelEn} | ${labelKo} | ${type.codingSchemeDesignator} ${type.codeValue} |`,
  )
  const columns = OUTCOME_COLUMNS.map(([name, meaning]) => `| ${name} | ${meaning} |`)
  return `# ${nameEn} — release ${number}

${nameKo}, 릴리스 ${number}. 비식별화된 CT 영상, 2회 검수를 마친 분할(segmentation), 임상 결과를 담고 있습니다.

Cases: ${cases}. Every segmentation was drawn by one reader and accepted by two others.
Not for clinical use.

## Files

| path | what |
|---|---|
| cases/CASE/images/SERIES/INSTANCE.dcm | CT images, de-identified |
| cases/CASE/segmentation.dcm | DICOM Segmentation (BINARY) on those images |
| cases/CASE/image.nii.gz | the same images as one volume in Hounsfield units |
| cases/CASE/mask.nii.gz | the same segmentation on the grid of image.nii.gz; values below |
| outcomes.csv | one row per case |
| manifest.json | SHA-256 and size of every file |

image.nii.gz and mask.nii.gz share one affine (RAS, mm). DICOM positions are LPS, mm.

## Values of mask.nii.gz

| value | label | 라벨 | code |
|---|---|---|---|
${labels.join('\n')}

segmentation.dcm numbers only the segments that occur, from 1; the codes tell which they are.

## Columns of outcomes.csv

| column | meaning |
|---|---|
${columns.join('\n')}

## De-identification

DICOM PS3.15 Basic Application Confidentiality Profile with the option Retain Longitudinal Temporal
Information With Modified Dates. All dates of a subject, in images and outcomes, are shifted by one
offset: intervals are true, dates are not. Do not try to re-identify anybody.

## Check

    npx pandok verify RELEASE.zip
`
}
