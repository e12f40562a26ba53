import { describe, expect, it } from 'vitest'
import { isSignal } from '../../src/ir/stop-signal.ts'

describe('isSignal', () => {
  it('knows names and numbers', () => {
    for (const text of ['SIGTERM', 'term', '9', '+9', 'SIGRTMIN+3', 'RTMAX-14', 'SIGWINCH'])
      expect(isSignal(text)).toBe(true)
    for (const text of ['', '0', '65', 'SIGFOO', 'RTMIN+16', '-9', 'SIG']) expect(isSignal(text)).toBe(false)
  })
})
