/** Which instances are de-identified at all. Everything else is refused before anything is written. */
import { type DataSet, getString, type Tag } from '../dicom/index.ts'
import { DeidError, type DeidErrorCode } from '../errors.ts'
import { hasPixelData, mayHoldPixels, planPixels } from '../pixels/plan.ts'
import type { Profile } from '../profile/profile.ts'
import { iodOf } from '../profile/types.ts'

/** Whole documents, sound and film: nobody can say here what is in them. */
const DOCUMENTS = [
  /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.104\./, // encapsulated documents
  /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.9\.4\./, // audio waveforms
  /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.77\.1\.[124]\.1$/, // video
]
const RAW_DATA = '1.2.840.10008.5.1.4.1.1.66'

/** Whether there is a profile that allows it. */
export function isSopClassKnown(sopClassUid: string): boolean {
  return iodOf(sopClassUid) !== undefined && sopClassUid !== RAW_DATA
}

function isSopClassHandled(sopClassUid: string, profile: Profile): boolean {
  if (!isSopClassKnown(sopClassUid)) return false
  const isDocument = DOCUMENTS.some((pattern) => pattern.test(sopClassUid))
  if (isDocument && profile.documents === 'refuse') return false
  return profile.sopClasses === undefined || profile.sopClasses.has(sopClassUid)
}

/** PS3.5 9.1. */
const UID = /^[0-9][0-9.]{0,63}$/

export interface Problem {
  readonly code: DeidErrorCode
  readonly tag: Tag
  readonly detail: string
}

/** Throws DeidError with the first reason. `isSeen`: a person saw the pixels. */
export function admit(dataSet: DataSet, profile: Profile, isSeen: boolean): void {
  const [problem] = problemsOf(dataSet, profile, isSeen)
  if (problem !== undefined) throw new DeidError(problem.code, problem.detail)
}

/** Why the instance is refused; [] when it is admitted. */
export function problemsOf(dataSet: DataSet, profile: Profile, isSeen: boolean): Problem[] {
  const sopClassUid = getString(dataSet, '00080016')
  const problems: Problem[] = []
  const say = (code: DeidErrorCode, tag: Tag, detail: string) =>
    problems.push({ code, tag, detail })
  if (dataSet.has('00041220')) {
    say('DEID_DICOMDIR', '00041220', 'a DICOMDIR names patients; hand over the files it lists')
  } else if (!isSopClassHandled(sopClassUid, profile)) {
    say('DEID_SOP_CLASS', '00080016', '(0008,0016) is not a SOP class that the profile allows')
  }
  for (const tag of ['00080018', '0020000D', '0020000E']) {
    const uid = getString(dataSet, tag)
    if (uid === '') say('DEID_NO_UID', tag, `(${tag}) is empty`)
    // Kept UIDs become names of files: nothing else than a UID may get there.
    else if (profile.options.has('retain-uids') && !UID.test(uid)) {
      say('DEID_NO_UID', tag, `(${tag}) is not a UID`)
    }
  }
  const unreadable = keepsText(profile) ? unreadableIn(dataSet) : undefined
  if (unreadable !== undefined) {
    // A length that is too long may have swallowed the patient's name, which texts may repeat.
    say('DEID_ITEMS_UNREADABLE', unreadable, `the items of (${unreadable}) cannot be read`)
  }
  if (!mayHoldPixels(dataSet)) return problems
  // A file cut at the edge of an element reads well: only what is missing tells.
  if (!hasPixelData(dataSet)) {
    say('DEID_NO_PIXELS', '7FE00010', '(7FE0,0010) is missing')
  }
  const plan = planPixels(dataSet, profile)
  if (plan.kind === 'person' && !isSeen) {
    const isDeclared = plan.reason === 'burned-in'
    const code = isDeclared ? 'DEID_BURNED_IN' : 'DEID_PIXELS_UNSEEN'
    say(code, '00280301', 'text may be in the pixels, and nobody looked at them')
  }
  return problems
}

function keepsText({ options }: Profile): boolean {
  return (['clean-descriptors', 'clean-structured-content', 'clean-graphics'] as const).some(
    (option) => options.has(option),
  )
}

/** The first sequence, at any level, whose items could not be read. */
function unreadableIn(dataSet: DataSet): Tag | undefined {
  for (const element of dataSet.values()) {
    if (element.kind !== 'sequence') continue
    if (element.isUnreadable === true) return element.tag
    for (const item of element.items) {
      const inner = unreadableIn(item)
      if (inner !== undefined) return inner
    }
  }
  return undefined
}
