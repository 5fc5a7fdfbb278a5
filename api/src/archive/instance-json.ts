/** The DICOM JSON Model of one instance (PS3.18 F.2), as far as its shape is relied on. */
import { z } from 'zod'

export const InstanceJson = z.record(
  z.string(),
  z.object({ vr: z.string(), Value: z.array(z.unknown()).optional() }).loose(),
)
export type InstanceJson = z.output<typeof InstanceJson>
