/**
 * The Type, in the CT Image IOD (PS3.3 A.3), of the attributes whose code in table E.1-1 is a
 * compound: Type 1 asks for D, 2 for Z, 3 allows X. An attribute missing here is not in the IOD,
 * or of Type 3. Conditional types count as their unconditional form: the safer choice.
 */
import type { Tag } from '../dicom/index.ts'

export const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2'

export const CT_IMAGE_TYPES: ReadonlyMap<Tag, 1 | 2> = new Map([
  ['00080023', 2], // Content Date: General Image C.7.6.1, 2C
  ['00080033', 2], // Content Time: General Image C.7.6.1, 2C
  ['00100020', 2], // Patient ID: Patient C.7.1.1
  ['00180010', 2], // Contrast/Bolus Agent: Contrast/Bolus C.7.6.4
  ['00400555', 2], // Acquisition Context Sequence: Acquisition Context C.7.6.14
])
