/** Every way to change a ledger is found; and what the recall list and the law's term come to. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, type Json } from './canonical.ts'
import { anchorOf, lineOf, nextEntry, verifyLedger } from './chain.ts'
import { type Entry, type Fact, type FactOf, LedgerError } from './entry.ts'
import { holdingsOf, keepUntil, yearsLater } from './holdings.ts'
import { createSigner, keyFingerprint, type LedgerSigner } from './signer.ts'

const signer = createSigner(new Uint8Array(32).fill(1))
const successor = createSigner(new Uint8Array(32).fill(2))
const stranger = createSigner(new Uint8Array(32).fill(3))

const run: FactOf<'deidentified'> = {
  kind: 'deidentified',
  purpose: 'scientific-research',
  about: '폐암 예후 예측',
  basis: '개인정보 보호법 28-2, IRB 2026-0001',
  recipient: '한림 AI 연구소',
  from: '2026-11-25',
  until: '2027-11-25',
  profile: { label: 'Pandok basic v1, PS3.15 2026c', sha256: 'a'.repeat(64) },
  keyUsed: signer.key,
  counts: {
    inputs: 10,
    written: 8,
    unchanged: 0,
    refused: { DEID_SOP_CLASS: 2 },
    passedOver: 0,
    subjects: 3,
  },
  isComplete: true,
  reportSha256: 'b'.repeat(64),
  pseudonymTable: null,
  encryptedFor: [],
}
const copy = (of: number, until: string): Fact => ({
  kind: 'copied',
  of,
  what: 'release 1',
  recipient: 'Partner',
  place: 'safe zone, room 2',
  until,
})
const destroyed = (copies: number[], on: string): Fact => ({
  kind: 'destroyed',
  copies,
  on,
  how: 'overwritten and checked',
  by: 'security officer',
})
const FACTS: readonly Fact[] = [
  { kind: 'opened', ledger: '0'.repeat(32) },
  run,
  copy(2, '2027-01-31'),
  { kind: 'key-rotated', to: successor.key },
  run,
  copy(5, '2027-06-30'),
  destroyed([2, 3], '2027-02-01'),
  { kind: 'repaired', lostBytes: 12, lostSha256: 'c'.repeat(64) },
]

/** By whoever's turn it is. */
function chain(facts: readonly Fact[], signers = [signer, successor]): Entry[] {
  const entries: Entry[] = []
  let turn = 0
  for (const fact of facts) {
    const own = signers[turn] ?? signer
    const time = `2026-11-25T0${entries.length}:00:00.000Z`
    entries.push(nextEntry(fact, { last: entries.at(-1), signer: own, time }))
    if (fact.kind === 'key-rotated') turn++
  }
  return entries
}
const textOf = (entries: readonly Entry[]) => entries.map((each) => `${lineOf(each)}\n`).join('')
const signers: readonly LedgerSigner[] = [signer, successor]

describe('the chain', () => {
  const entries = chain(FACTS)
  const text = textOf(entries)
  const anchor = anchorOf(entries.at(-1) ?? entries[0] ?? expect.fail())

  test('a ledger that nobody touched is whole, across a change of keys', () => {
    expect(verifyLedger(text, { signers, anchor })).toMatchObject({
      fault: undefined,
      isSignatureChecked: true,
    })
    expect(verifyLedger(text).fault).toBeUndefined()
    expect(verifyLedger(text, { signers: [signer] }).fault).toEqual({ code: 'LEDGER_KEY', line: 5 })
    expect(verifyLedger('').fault).toEqual({ code: 'LEDGER_EMPTY', line: 1 })
  })

  test('edits, deletions, insertions, swaps, cuts and rebuilt chains are all found', () => {
    const lines = entries.map(lineOf)
    const joined = (each: readonly string[]) => each.map((line) => `${line}\n`).join('')
    const tampered: [string, string][] = []
    for (const [at, line] of lines.entries()) {
      // Every character that stands in a value or a key, changed to another.
      for (let place = 1; place < line.length - 1; place += 7) {
        const other = line[place] === '7' ? '8' : '7'
        const edited = line.slice(0, place) + other + line.slice(place + 1)
        tampered.push(['edit', joined(lines.with(at, edited))])
      }
      tampered.push(['spaces', joined(lines.with(at, line.replace('{', '{ ')))])
      tampered.push(['deletion', joined(lines.toSpliced(at, 1))])
      tampered.push(['repetition', joined(lines.toSpliced(at, 0, line))])
      tampered.push(['empty line', joined(lines.toSpliced(at, 0, ''))])
      for (let other = at + 1; other < lines.length; other++) {
        const swapped = lines.with(at, lines[other] ?? '').with(other, line)
        tampered.push(['swap', joined(swapped)])
      }
      tampered.push(['cut', joined(lines.slice(0, at))])
      for (let bytes = 1; bytes < line.length; bytes += 11) {
        tampered.push(['torn', joined(lines.slice(0, at)) + line.slice(0, bytes)])
      }
    }
    const later = FACTS.map((fact) => (fact.kind === 'copied' ? { ...fact, place: 'x' } : fact))
    // Whole chains of other facts: without the key, with a retired key, of another ledger.
    tampered.push(['rebuilt by a stranger', textOf(chain(later, [stranger, stranger]))])
    tampered.push([
      'rebuilt with forged names',
      textOf(chain(later, [forged(signer), forged(successor)])),
    ])
    tampered.push(['rebuilt with the retired key', textOf(chain(later, [signer, signer]))])
    tampered.push(['rebuilt with the keys', textOf(chain(later))])
    const another = chain([{ kind: 'opened', ledger: '1'.repeat(32) }, ...FACTS.slice(1)])
    for (const [at, entry] of another.entries()) {
      tampered.push(['spliced from another ledger', joined(lines.with(at, lineOf(entry)))])
    }
    const missed = tampered.filter(
      ([, each]) => verifyLedger(each, { signers, anchor }).fault === undefined,
    )
    console.log(`ledger: ${tampered.length - missed.length} of ${tampered.length} tamperings found`)
    expect(missed.map(([kind]) => kind)).toEqual([])
  })

  test('without an anchor a cut end is not seen, which is why there is one', () => {
    const cut = textOf(entries.slice(0, 5))
    expect(verifyLedger(cut, { signers }).fault).toBeUndefined()
    expect(verifyLedger(cut, { signers, anchor }).fault).toEqual({ code: 'LEDGER_ANCHOR', line: 5 })
  })

  test.each<[string, Fact, RegExp]>([
    [
      'a resident number',
      { ...copy(2, '2027-01-01'), what: '800101-1234567' } as Fact,
      /^what: holds/,
    ],
    [
      'an e-mail address',
      { ...copy(2, '2027-01-01'), recipient: 'a.kim@snu.ac.kr' } as Fact,
      /^recipient: holds/,
    ],
    ['two lines', { ...copy(2, '2027-01-01'), place: 'a\nb' } as Fact, /^place: one line/],
    ['no date', copy(2, '2027-02-30'), /^until: a date/],
    ['nothing', destroyed([], '2027-01-01'), /^copies/],
  ])('%s is refused, and the message does not repeat it', (_, fact, message) => {
    const seal = () =>
      nextEntry(fact, { last: undefined, signer, time: '2026-11-25T00:00:00.000Z' })
    expect(seal).toThrow(LedgerError)
    expect(seal).toThrow(message)
    expect(seal).not.toThrow(/800101|snu\.ac/)
  })
})

/** Names the key without having it. */
function forged(of: LedgerSigner): LedgerSigner {
  return { key: of.key, sign: stranger.sign }
}

test('canonical text: keys in order at every level, the same however it was built', () => {
  const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value
  fc.assert(
    fc.property(value, (each) => {
      const text = canonicalJson(each)
      const again = JSON.parse(text) as Json
      expect(canonicalJson(again)).toBe(text)
      if (again !== null && typeof again === 'object' && !Array.isArray(again)) {
        const reversed = Object.fromEntries(Object.entries(again).reverse())
        expect(canonicalJson(reversed)).toBe(text)
      }
    }),
  )
  expect(canonicalJson({ b: [1, { d: null, c: '가' }], a: true })).toBe(
    '{"a":true,"b":[1,{"c":"가","d":null}]}',
  )
  expect(() => canonicalJson({ a: 0.5 })).toThrow(RangeError)
  expect(() => canonicalJson('\ud800')).toThrow(RangeError)
})

describe('recall', () => {
  test('overdue first, then by day; destroyed last', () => {
    const entries = chain(FACTS)
    const list = holdingsOf(entries, '2027-12-01')
    expect(
      list.map(({ id, run: of, isOverdue, destroyedOn }) => [id, of, isOverdue, destroyedOn]),
    ).toEqual([
      [6, 5, true, undefined],
      [5, 5, true, undefined],
      [3, 2, false, '2027-02-01'],
      [2, 2, false, '2027-02-01'],
    ])
    // The last day itself is still allowed.
    expect(holdingsOf(entries, '2027-06-30').filter(({ isOverdue }) => isOverdue)).toEqual([])
  })

  test('a run of which no end is on record may have written: it is held until its destruction is', () => {
    const { counts: _c, isComplete: _i, reportSha256: _r, ...terms } = run
    const begun: Fact = { ...terms, kind: 'deidentification-begun' }
    const ended: Fact = { ...run, begun: 3 }
    const opened = FACTS.slice(0, 1)
    const idsOf = (...facts: Fact[]) =>
      holdingsOf(chain([...opened, ...facts]), '2027-01-01').map(({ id, what }) => [id, what])
    const killed = [2, 'outputs of run 2, whose end is not on record']
    expect(idsOf(begun)).toEqual([killed])
    expect(idsOf(begun, begun)).toEqual([killed, [3, killed[1]?.toString().replace('2', '3')]])
    expect(idsOf(begun, begun, ended)).toEqual([killed, [4, 'outputs of run 4']])
    const nothing: Fact = { ...run, begun: 2, counts: { ...run.counts, written: 0 } }
    expect(idsOf(begun, nothing)).toEqual([])
    expect(keepUntil(chain([...opened, begun, destroyed([2], '2027-07-15')]))).toBe('2030-07-15')
  })

  test('the record is kept three years after the last destruction, and until then without end', () => {
    expect(keepUntil(chain(FACTS))).toBeUndefined()
    const all = [...FACTS, destroyed([5, 6], '2027-07-15')]
    expect(keepUntil(chain(all))).toBe('2030-07-15')
    expect(yearsLater('2028-02-29')).toBe('2031-03-01')
    expect(keepUntil(chain(FACTS.slice(0, 1)))).toBeUndefined()
  })

  test('fingerprints of keys differ and are short', () => {
    expect(keyFingerprint(new Uint8Array(32))).toMatch(/^[0-9a-f]{16}$/)
    expect(signer.key).not.toBe(successor.key)
  })
})
