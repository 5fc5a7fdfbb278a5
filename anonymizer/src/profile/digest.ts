/** SHA-256 of all that a profile says: the same for profiles that say the same, however written. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Profile } from './profile.ts'

export function profileDigest(profile: Profile): string {
  const plain = {
    ...profile,
    options: [...profile.options].sort(),
    overrides: [...profile.overrides].sort(),
    sopClasses: profile.sopClasses === undefined ? null : [...profile.sopClasses].sort(),
  }
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(plain))))
}
