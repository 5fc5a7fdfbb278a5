/** Explicit VR Big Endian (retired, PS3.5 2016b A.3): values as little endian has them. */
import type { Vr } from './model.ts'

/** Bytes of one number of the VRs that have byte order (PS3.5 table 6.2-1 and section 7.3). */
const WORD_BYTES: Readonly<Partial<Record<Vr, 2 | 4 | 8>>> = {
  // Two numbers of 16 bits.
  AT: 2,
  FD: 8,
  FL: 4,
  OD: 8,
  OF: 4,
  OL: 4,
  OV: 8,
  OW: 2,
  SL: 4,
  SS: 2,
  SV: 8,
  UL: 4,
  US: 2,
  UV: 8,
}

/** A copy with every number turned round; what is left of an incomplete last one stays. */
export function swapped(bytes: Uint8Array, vr: Vr): Uint8Array {
  const size = WORD_BYTES[vr]
  const turned = bytes.slice()
  if (size === undefined) return turned
  for (let word = 0; word + size <= bytes.length; word += size) {
    for (let at = 0; at < size; at++) turned[word + at] = bytes[word + size - 1 - at] ?? 0
  }
  return turned
}
