export { dataReadme } from './data-readme.ts'
export { encodeSegmentation, type SegmentationInput } from './dicom-seg.ts'
export { encodeNifti } from './nifti.ts'
export { encodeOutcomes, type OutcomeRow } from './outcomes-csv.ts'
