import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { printSupport } from '../../grammar/print-support.ts'

test('docs/dockerfile-support.md says what the instruction table says', () => {
  const page = join(import.meta.dirname, '../../docs/dockerfile-support.md')
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(page, printSupport())
  expect(readFileSync(page, 'utf8')).toBe(printSupport())
})
