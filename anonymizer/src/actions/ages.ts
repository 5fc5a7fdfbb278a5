/**
 * Ages over 89 in one class, "90 or older", as open releases want it (45 CFR 164.514(b)(2)(i)(C)).
 * In: the text of an Age String (PS3.5 6.2: 061Y, 018M). Out: the same, 090Y, or undefined for what is
 * no age and may be any. Days, weeks and months of three digits never reach 90 years.
 */
export function generaliseAge(text: string): string | undefined {
  const age = /^(\d{3})([DWMY])$/.exec(text)
  if (age === null) return undefined
  return age[2] === 'Y' && Number(age[1]) > 89 ? '090Y' : text
}
