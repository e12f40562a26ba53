import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openNames, randomContainerId, randomName } from '../../src/container/container-names.ts'
import { temporaryDirectory } from '../support/temporary.ts'

test('a name is had once, is free again when it is released, and when its container never came to be', () => {
  const there = new Set(['a', 'b'])
  const directory = join(temporaryDirectory(), 'names')
  const names = openNames(directory, process.pid, (id) => there.has(id))
  names.claim('web', 'a')
  expect(names.owner('web')).toBe('a')
  expect(() => names.claim('web', 'b')).toThrow('the name "web" is taken')
  names.release('web', 'b')
  expect(names.owner('web')).toBe('a')
  names.release('web', 'a')
  names.claim('web', 'b')
  expect([...names.all()]).toEqual([['b', 'web']])
  // A process that is gone claimed it for a container that is not there.
  const dead = openNames(directory, 2 ** 22 + 1, () => false)
  dead.claim('half', 'c')
  names.claim('half', 'a')
  expect(names.owner('half')).toBe('a')
  expect(() => names.claim('a/b', 'a')).toThrow('is not a container name')
})

test('names and IDs that are made up can be told apart', () => {
  expect(randomName(() => false)).toMatch(/^[a-z]+_[a-z]+$/)
  expect(randomContainerId()).toMatch(/^[0-9a-f]{64}$/)
})
