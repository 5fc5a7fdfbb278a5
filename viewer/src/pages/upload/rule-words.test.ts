import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { en } from '../../i18n/en.ts'
import { readRule } from './rule-words.ts'

test.each([
  ['U', ['U'], []],
  ['X/Z/U*', ['X/Z/U*'], []],
  ['Z/D, Type 2', ['Z/D'], [{ kind: 'type', type: '2' }]],
  ['X, private', ['X'], [{ kind: 'phrase', phrase: 'private' }]],
  ['X/D, C by clean-descriptors', ['X/D', 'C'], [{ kind: 'option', option: 'clean-descriptors' }]],
  ['C by clean-pixel-data', ['C'], [{ kind: 'option', option: 'clean-pixel-data' }]],
  ['E.3.4 X, UIDs replaced', ['E.3.4 X'], [{ kind: 'phrase', phrase: 'UIDs replaced' }]],
  ['E.3.4, not listed', ['E.3.4'], [{ kind: 'phrase', phrase: 'not listed' }]],
  ['not-in-table', [], [{ kind: 'phrase', phrase: 'not-in-table' }]],
])('%s', (rule, codes, said) => {
  expect(readRule(rule)).toEqual({ codes, said })
})

test('every rule that the anonymizer names has its words', () => {
  const source = join(import.meta.dirname, '../../../../anonymizer/src')
  const files = ['profile/resolve.ts', 'actions/content.ts', 'engine/clean.ts', 'engine/pixels.ts']
  const rules = files.flatMap((file) =>
    [
      ...readFileSync(join(source, file), 'utf8').matchAll(
        /(?:rule: |rule = |row\()(?:'([^']+)'|`([^`]+)`)/g,
      ),
    ].map(([, plain, template]) => plain ?? (template ?? '').replaceAll(/\$\{[^}]+\}/g, 'X')),
  )
  expect(rules.length).toBeGreaterThan(25)
  for (const part of rules.flatMap((rule) => readRule(rule).said)) {
    if (part.kind === 'phrase' && !/^X by X$/.test(part.phrase)) {
      expect(Object.keys(en.deidRules.phrases)).toContain(part.phrase)
    }
    if (part.kind === 'option') {
      expect(Object.keys(en.deidRules.options)).toContain(part.option)
    }
  }
})
