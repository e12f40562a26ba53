import { describe, expect, test } from 'vitest'
import type { HealthProbe, HealthState } from '../../src/container/container-state.ts'
import { healthAfter, healthCommand, healthTimes, startingHealth } from '../../src/container/health.ts'

const probe = (exitCode: number): HealthProbe => ({ start: 's', end: 'e', exitCode, output: '' })
const healthOf = (codes: readonly number[], retries: number, isStarting = false): HealthState =>
  codes.reduce((state, code) => healthAfter(state, probe(code), retries, isStarting), startingHealth)

describe('health', () => {
  test('one success is enough, so many failures in a row are too many', () => {
    expect(healthOf([0], 3)).toMatchObject({ status: 'healthy', failingStreak: 0 })
    expect(healthOf([1, 1], 3)).toMatchObject({ status: 'starting', failingStreak: 2 })
    expect(healthOf([1, 1, 1], 3)).toMatchObject({ status: 'unhealthy', failingStreak: 3 })
    expect(healthOf([0, 1, 1], 3)).toMatchObject({ status: 'healthy', failingStreak: 2 })
    expect(healthOf([0, 1, 1, 0, 1, 1], 3)).toMatchObject({ status: 'healthy', failingStreak: 2 })
    expect(healthOf([1, 1, 1, 0], 3)).toMatchObject({ status: 'healthy', failingStreak: 0 })
    expect(healthOf([-1], 1)).toMatchObject({ status: 'unhealthy' })
  })

  test('failures at the start do not count until it was well', () => {
    expect(healthOf([1, 1, 1, 1], 3, true)).toMatchObject({ status: 'starting', failingStreak: 0 })
    expect(healthOf([1, 0, 1], 1, true)).toMatchObject({ status: 'unhealthy', failingStreak: 1 })
  })

  test('the last five looks are kept', () => {
    expect(healthOf([1, 2, 3, 4, 5, 6, 7], 100).log.map(({ exitCode }) => exitCode)).toEqual([3, 4, 5, 6, 7])
  })

  test("docker's defaults, and times in milliseconds", () => {
    expect(healthTimes({ test: ['CMD', 'x'] })).toEqual({
      ...{ intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, startIntervalMs: 5_000, retries: 3 },
    })
    expect(healthTimes({ test: ['CMD', 'x'], interval: 1.5e9, timeout: 0, retries: 1 })).toMatchObject({
      ...{ intervalMs: 1500, timeoutMs: 30_000, retries: 1 },
    })
  })

  test('a text goes to the shell of the image, words are taken as they are', () => {
    expect(healthCommand({ test: ['CMD-SHELL', 'a || exit 1'] }, ['/bin/ash', '-ec'])).toEqual([
      ...['/bin/ash', '-ec', 'a || exit 1'],
    ])
    expect(healthCommand({ test: ['CMD', 'a', 'b c'] }, ['/bin/sh', '-c'])).toEqual(['a', 'b c'])
  })
})
