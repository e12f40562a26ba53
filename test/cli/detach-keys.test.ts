import { expect, test } from 'vitest'
import { DetachKeys } from '../../src/cli/detach-keys.ts'

test('the keys leave, a beginning of them that goes on otherwise is passed', () => {
  const keys = new DetachKeys('ctrl-p,ctrl-q')
  expect(keys.push(Buffer.from('ab\x10')).passed.toString()).toBe('ab')
  expect(keys.push(Buffer.from('x\x10\x10')).passed.toString()).toBe('\x10x\x10')
  expect(keys.push(Buffer.from('\x11tail'))).toMatchObject({ isDetached: true })
  expect(new DetachKeys('').push(Buffer.from('\x10\x11')).isDetached).toBe(false)
  expect(() => new DetachKeys('ctrl-é')).toThrow('"ctrl-é"')
})
