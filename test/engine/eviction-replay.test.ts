import { expect, test } from 'vitest'
import { leastRecentlyUsed, ours, readHistory, replay } from '../../bench/eviction/replay.ts'

test.each([450, 500, 600, 700])(
  'at %d MB, 200 recorded builds repeat at least 30 %% less work than with LRU',
  (megabytes) => {
    const history = readHistory()
    expect(history.builds.length).toBeGreaterThanOrEqual(199)
    const [old, own] = [leastRecentlyUsed, ours].map((policy) => replay(history, policy, megabytes * 1e6))
    // Both have to do once what is new.
    expect(own?.first).toBeCloseTo(old?.first ?? 0)
    expect(own?.again).toBeGreaterThan(0)
    expect(own?.again).toBeLessThan(0.7 * (old?.again ?? 0))
  },
)
