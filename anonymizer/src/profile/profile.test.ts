import { describe, expect, test } from 'vitest'
import { BUILT_IN_NAMES } from './names.ts'
import { loadProfile, ProfileError } from './profile.ts'

const HEAD = 'name: t\nversion: 1\noptions: []\n'

describe('profiles', () => {
  test.each(BUILT_IN_NAMES)('%s is built in and refuses what nobody saw', (name) => {
    const profile = loadProfile(name)
    expect(profile.name).toBe(name)
    expect(profile.pixels).toEqual({ unseen: 'refuse', look: 'sample' })
    expect(profile.documents).toBe('refuse')
    expect(profile.faces).not.toBe('keep')
  })

  test('everything that a profile may say, in YAML', () => {
    const profile = loadProfile(`# ours
name: our-trial
version: 3
description: a trial
options: [retain-modified-dates, clean-descriptors]
overrides:
  - attribute: StationName
    action: X
  - attribute: (0008,1010)
    action: Z
sopClasses: [1.2.840.10008.5.1.4.1.1.2]
pixels: { unseen: keep, look: all }
faces: deface
documents: keep
limits: { frames: 50000 }
`)
    expect(profile).toMatchObject({
      version: 3,
      pixels: { unseen: 'keep', look: 'all' },
      faces: 'deface',
      documents: 'keep',
      limits: { frames: 50_000, depth: 16 },
    })
    expect([...profile.overrides]).toEqual([['00081010', 'Z']])
    expect(profile.label).toBe('Pandok our-trial v3, PS3.15 2026c')
  })

  test.each([
    ['no profile at all', 'hello', 1, 'NO_PROFILE'],
    ['an unknown option', 'name: t\nversion: 1\noptions:\n  - keep-all\n', 4, 'CHOICE'],
    [
      'dates both ways',
      'name: t\nversion: 1\noptions: [retain-full-dates, retain-modified-dates]\n',
      3,
      'DATES_TWICE',
    ],
    ['an unknown key', `${HEAD}pixel: {}\n`, 4, 'UNKNOWN_KEY'],
    [
      'an unknown attribute',
      `${HEAD}overrides:\n  - attribute: NoSuch\n    action: X\n`,
      5,
      'NO_ATTRIBUTE',
    ],
    [
      'an unknown action',
      `${HEAD}overrides:\n  - attribute: StationName\n    action: R\n`,
      6,
      'CHOICE',
    ],
    [
      'what the engine sets',
      `${HEAD}overrides:\n  - attribute: PatientID\n    action: K\n`,
      5,
      'ENGINE_SETS',
    ],
    [
      'a private attribute',
      `${HEAD}overrides:\n  - attribute: "00091010"\n    action: K\n`,
      5,
      'PRIVATE',
    ],
    ['no storage class', `${HEAD}sopClasses: [1.2.3]\n`, 4, 'NO_SOP_CLASS'],
    ['faces otherwise', `${HEAD}faces: blur\n`, 4, 'CHOICE'],
    ['a limit that is none', `${HEAD}limits: { depth: 1000 }\n`, 4, 'TOO_LARGE'],
    ['a limit of nothing', `${HEAD}limits: { depth: 0 }\n`, 4, 'TOO_SMALL'],
    ['no list of options', 'name: t\nversion: 1\noptions: basic\n', 3, 'TYPE'],
    ['no version', 'name: t\noptions: []\n', 1, 'MISSING'],
    ['a name with spaces', 'name: our trial\nversion: 1\noptions: []\n', 1, 'NAME'],
    ['no YAML', `${HEAD}faces: [\n`, 5, 'SYNTAX'],
    ['a key twice', `${HEAD}version: 2\n`, 4, 'KEY_TWICE'],
    ['an alias bomb', 'a: &a [1]\nb: *a\nname: t\n', 1, 'ALIASES'],
  ])('%s: the error names the line', (_, text, line, code) => {
    let error: unknown
    try {
      loadProfile(text)
    } catch (thrown) {
      error = thrown
    }
    if (!(error instanceof ProfileError)) throw new Error('accepted')
    expect([error.line, error.code]).toEqual([line, code])
  })
})
