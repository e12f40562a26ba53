import { expect, test } from 'vitest'
import { containerEnv, envValue } from '../../src/sandbox/container-env.ts'

test('keeps order, takes the last of a repeated name, adds HOME', () => {
  expect(containerEnv(['A=1', 'B=2', 'A=3', 'C=x=y'], '/root')).toEqual(['A=3', 'B=2', 'C=x=y', 'HOME=/root'])
})

test('keeps HOME, also an empty one', () => {
  expect(containerEnv(['HOME='], '/root')).toEqual(['HOME='])
})

// CVE-2026-57231: an entry without `=` must not be looked up in the host's environment.
test('drops what is no NAME=value', () => {
  expect(containerEnv(['PATH', '=x', '', 'A=\0', 'B=1'], '/')).toEqual(['B=1', 'HOME=/'])
})

test('finds values', () => {
  expect(envValue(['AB=1', 'A=2=3'], 'A')).toBe('2=3')
  expect(envValue(['AB=1'], 'A')).toBeUndefined()
})
