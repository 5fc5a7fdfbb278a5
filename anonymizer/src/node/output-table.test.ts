import { describe, expect, it } from 'vitest'
import { createOutputTable } from './output-table.ts'

const idOf = (index: number) => (index + 1).toString(16).padStart(16, '0')

describe('createOutputTable', () => {
  it('finds each of many outputs, however often it has grown', () => {
    const table = createOutputTable()
    for (let index = 0; index < 20_000; index++) {
      expect(table.find(`2.25.${index}`, 'a')).toBeUndefined()
      table.add(`2.25.${index}`, { id: idOf(index), folder: index % 2 === 0 ? 'a' : 'b' })
    }
    for (let index = 0; index < 20_000; index++) {
      const found = { id: idOf(index), isInFolder: index % 2 === 0 }
      expect(table.find(`2.25.${index}`, 'a')).toEqual(found)
    }
  })

  it('forgets what is removed and nothing else, and takes it again', () => {
    const table = createOutputTable()
    for (let index = 0; index < 3_000; index++) {
      table.add(`2.25.${index}`, { id: idOf(index), folder: 'a' })
    }
    for (let index = 0; index < 3_000; index += 3) table.remove(`2.25.${index}`)
    for (let index = 0; index < 3_000; index++) {
      const found = index % 3 === 0 ? undefined : { id: idOf(index), isInFolder: true }
      expect(table.find(`2.25.${index}`, 'a')).toEqual(found)
    }
    table.add('2.25.3', { id: idOf(7), folder: 'b' })
    expect(table.find('2.25.3', 'b')).toEqual({ id: idOf(7), isInFolder: true })
    table.remove('2.25.unknown')
    expect(table.find('2.25.unknown', 'a')).toBeUndefined()
  })

  it('takes no id that it could not give back', () => {
    const table = createOutputTable()
    expect(() => {
      table.add('2.25.1', { id: 'first.dcm', folder: 'a' })
    }).toThrow(TypeError)
  })
})
