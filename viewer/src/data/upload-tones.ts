/** The tint of each state of an upload. */
import type { UploadStatus } from '@pandok/contract'
import type { Tone } from '../ui/index.ts'

const TONES: Readonly<Record<UploadStatus, Tone>> = {
  receiving: 'neutral',
  checking: 'active',
  'awaiting-qc': 'warn',
  archiving: 'active',
  archived: 'ok',
  rejected: 'bad',
  failed: 'bad',
  discarded: 'neutral',
}

export const uploadTone = (status: UploadStatus): Tone => TONES[status]
