import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { M_CATEGORIES, N_CATEGORIES, T_CATEGORIES } from '@pandok/contract'
import { describe, expect, test } from 'vitest'
import { type M, type N, stageGroup, type T, type TnmEdition } from './tnm.ts'

const TABLES = join(import.meta.dirname, '../../../../shared/domain/tnm')

test.each<[TnmEdition, T, N, M, string | undefined]>([
  ['8', 'T1a', 'N0', 'M0', 'IA1'],
  ['8', 'T1b', 'N1', 'M0', 'IIB'],
  ['9', 'T1b', 'N1', 'M0', 'IIA'],
  ['8', 'T2a', 'N0', 'M0', 'IB'],
  ['8', 'T3', 'N2', 'M0', 'IIIB'],
  ['9', 'T3', 'N2a', 'M0', 'IIIA'],
  ['9', 'T2b', 'N2b', 'M0', 'IIIB'],
  ['9', 'T4', 'N2', 'M0', 'IIIB'],
  ['9', 'T1a', 'N2', 'M0', undefined],
  ['8', 'T1a', 'N2a', 'M0', undefined],
  ['8', 'T4', 'N3', 'M0', 'IIIC'],
  ['8', 'TX', 'N0', 'M0', 'Occult'],
  ['8', 'Tis', 'N0', 'M0', '0'],
  ['8', 'Tis', 'N0', 'M1a', undefined],
  ['8', 'TX', 'NX', 'M1b', 'IVA'],
  ['9', 'T2a', 'N1', 'M1c2', 'IVB'],
  ['8', 'T2a', 'N1', 'M1c2', undefined],
])('edition %s: %s %s %s → %s', (edition, t, n, m, group) => {
  expect(stageGroup(edition, t, n, m)).toBe(group)
})

describe.skipIf(!existsSync(TABLES))('every row of the reference tables', () => {
  test.each<[TnmEdition]>([['8'], ['9']])('edition %s', (edition) => {
    const lines = readFileSync(join(TABLES, `stage_groups_${edition}th.tsv`), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
    let compared = 0
    for (const line of lines) {
      const [t = '', n = '', m = '', group = ''] = line.split('\t')
      const isOurs =
        T_CATEGORIES.some((each) => each === t) &&
        N_CATEGORIES.some((each) => each === n) &&
        M_CATEGORIES.some((each) => each === m)
      if (!isOurs) continue
      compared++
      const expected = group === 'occult' ? 'Occult' : group === '' ? undefined : group
      expect([t, n, m, stageGroup(edition, t as T, n as N, m as M)]).toEqual([t, n, m, expected])
    }
    expect(compared).toBeGreaterThan(200)
  })
})
