import { expect, test } from 'vitest'
import { usageRow } from '../../src/report/index.ts'

const mega = 2 ** 20

test("docker's numbers: shares of one processor, memory in binary units, traffic in decimal ones", () => {
  const before = { atMs: 0, cpuNs: 1e9 }
  const now = {
    ...{ atMs: 1000, cpuNs: 2.5e9, memoryBytes: 1.945 * mega, memoryLimitBytes: 64 * mega, pids: 3 },
    ...{ readBytes: 1_500_000, writtenBytes: 0, receivedBytes: 876, sentBytes: 1000 },
  }
  expect(usageRow(before, now, 2 ** 33)).toEqual({
    ...{ CPUPerc: '150.00%', MemUsage: '1.945MiB / 64MiB', MemPerc: '3.04%', PIDs: '3' },
    ...{ NetIO: '876B / 1kB', BlockIO: '1.5MB / 0B' },
  })
})

test('what is not known is said so, and without a limit the machine is one', () => {
  expect(usageRow(undefined, undefined, 2 ** 33)).toEqual({
    ...{ CPUPerc: '--', MemUsage: '-- / --', MemPerc: '--', NetIO: '--', BlockIO: '--', PIDs: '--' },
  })
  expect(usageRow(undefined, { atMs: 1, memoryBytes: 2 ** 32 }, 2 ** 33)).toMatchObject({
    ...{ MemUsage: '4GiB / 8GiB', MemPerc: '50.00%' },
  })
})
