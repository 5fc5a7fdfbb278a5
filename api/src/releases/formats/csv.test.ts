import { expect, test } from 'vitest'
import { encodeCsv } from './csv.ts'

test.each([
  ['plain', 'IA1', 'IA1'],
  ['comma', 'a,b', '"a,b"'],
  ['quote', 'a"b', '"a""b"'],
  ['line break', 'a\nb', '"a\nb"'],
  ['formula', '=1+1', "'=1+1"],
  ['plus', '+82', "'+82"],
  ['absent', null, ''],
  ['number', -3, '-3'],
])('a cell: %s', (_name, cell, text) => {
  expect(encodeCsv(['h'], [[cell]])).toBe(`h\r\n${text}\r\n`)
})
