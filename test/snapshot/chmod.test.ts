import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changedMode } from '../../src/snapshot/chmod.ts'
import { temporaryDirectory } from '../support/temporary.ts'

test('octal modes replace all bits', () => {
  expect(changedMode('755', 0o4600, false)).toBe(0o755)
  expect(changedMode('04711', 0, true)).toBe(0o4711)
  expect(changedMode('0', 0o7777, false)).toBe(0)
})

test.each([
  ['u=rwX,go=rX', 0o600, 0o644, 0o755],
  ['u=rwX,go=rX', 0o700, 0o755, 0o755],
  ['+x', 0o644, 0o755, 0o755],
  ['a-w', 0o666, 0o444, 0o444],
  ['g=u', 0o740, 0o770, 0o770],
  ['u+s,g+s', 0o755, 0o6755, 0o6755],
  ['+t', 0o777, 0o1777, 0o1777],
  ['o=', 0o757, 0o750, 0o750],
  ['u=r+x-r', 0o777, 0o177, 0o177],
  ['go+X', 0o600, 0o600, 0o611],
])('%s on %o', (text, mode, file, directory) => {
  expect(changedMode(text, mode, false)).toBe(file)
  expect(changedMode(text, mode, true)).toBe(directory)
})

test('agrees with chmod(1) on permission bits', () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'f')
  const folder = join(directory, 'd')
  writeFileSync(file, '')
  mkdirSync(folder)
  const clause = fc
    .tuple(
      fc.subarray(['u', 'g', 'o', 'a'], { minLength: 1 }),
      fc.constantFrom('+', '-', '='),
      fc.subarray(['r', 'w', 'x', 'X']),
    )
    .map(([who, operator, permissions]) => `${who.join('')}${operator}${permissions.join('')}`)
  const text = fc.array(clause, { minLength: 1, maxLength: 3 }).map((clauses) => clauses.join(','))
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 0o777 }), (symbolic, mode) => {
      for (const path of [file, folder]) chmodSync(path, mode)
      expect(spawnSync('chmod', [symbolic, file, folder]).status).toBe(0)
      expect(changedMode(symbolic, mode, false)).toBe(statSync(file).mode & 0o7777)
      expect(changedMode(symbolic, mode, true)).toBe(statSync(folder).mode & 0o7777)
    }),
    { numRuns: 60 },
  )
})
