import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeField, readMountTable } from '../../src/sandbox/mount-table.ts'

test('reads the mounts of this process', () => {
  const table = readMountTable()
  expect(table.find(({ mountPoint }) => mountPoint === '/proc')).toMatchObject({ type: 'proc' })
  expect(
    table.every(({ mountPoint, type, options }) => mountPoint.startsWith('/') && type !== '' && options.length > 0),
  ).toBe(true)
})

test('an escaped path is one field, and reads back', () => {
  const readBack = (field: string): string =>
    field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
  fc.assert(
    fc.property(fc.string(), (path) => {
      const field = escapeField(path)
      expect(field).not.toMatch(/[ \t\n#]/)
      expect(readBack(field)).toBe(path)
    }),
  )
})
