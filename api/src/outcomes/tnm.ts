/**
 * Stage groups of lung cancer from T, N and M, 8th and 9th edition (AJCC/UICC/IASLC; the 9th in
 * Rami-Porta et al., J Thorac Oncol 2024;19(7):1007-1027). Pure; the mapping is fact, the wording
 * of the manuals is not repeated here.
 */
import type { M_CATEGORIES, N_CATEGORIES, StageGroup, T_CATEGORIES } from '@pandok/contract'

export type TnmEdition = '8' | '9'
export type T = (typeof T_CATEGORIES)[number]
export type N = (typeof N_CATEGORIES)[number]
export type M = (typeof M_CATEGORIES)[number]

type Row = Partial<Record<T, StageGroup>>

const N0: Row = {
  TX: 'Occult',
  Tis: '0',
  T1mi: 'IA1',
  T1a: 'IA1',
  T1b: 'IA2',
  T1c: 'IA3',
  T2a: 'IB',
  T2b: 'IIA',
  T3: 'IIB',
  T4: 'IIIA',
}

/** A row by the size of T: T1, T2, T3, T4. */
function row(t1: StageGroup, t2: StageGroup, t3: StageGroup, t4: StageGroup): Row {
  return { T1mi: t1, T1a: t1, T1b: t1, T1c: t1, T2a: t2, T2b: t2, T3: t3, T4: t4 }
}

const N3 = row('IIIB', 'IIIB', 'IIIC', 'IIIC')

/** Stage groups of M0. Editions differ where the 9th splits N2 and moves T1 N1. */
const M0: Readonly<Record<TnmEdition, Partial<Record<N, Row>>>> = {
  '8': {
    N0,
    N1: row('IIB', 'IIB', 'IIIA', 'IIIA'),
    N2: row('IIIA', 'IIIA', 'IIIB', 'IIIB'),
    N3,
  },
  '9': {
    N0,
    N1: row('IIA', 'IIB', 'IIIA', 'IIIA'),
    N2a: row('IIB', 'IIIA', 'IIIA', 'IIIB'),
    N2b: row('IIIA', 'IIIB', 'IIIB', 'IIIB'),
    // The number of stations is not known: only T4 gives the same group either way.
    N2: { T4: 'IIIB' },
    N3,
  },
}

const M1: Readonly<Record<TnmEdition, Partial<Record<M, StageGroup>>>> = {
  '8': { M1a: 'IVA', M1b: 'IVA', M1c: 'IVB' },
  '9': { M1a: 'IVA', M1b: 'IVA', M1c: 'IVB', M1c1: 'IVB', M1c2: 'IVB' },
}

/** The category belongs to the edition (N2a, N2b, M1c1, M1c2 came with the 9th). */
export function isOfEdition(edition: TnmEdition, category: N | M): boolean {
  return edition === '9' || !['N2a', 'N2b', 'M1c1', 'M1c2'].includes(category)
}

/** undefined: the categories make no stage group (not assessed, or a contradiction). */
export function stageGroup(edition: TnmEdition, t: T, n: N, m: M): StageGroup | undefined {
  if (!isOfEdition(edition, n) || !isOfEdition(edition, m)) return undefined
  if (m === 'M0') return M0[edition][n]?.[t]
  // Cancer in situ has no metastases.
  return t === 'Tis' ? undefined : M1[edition][m]
}
