import { assertNever } from '../base/index.ts'
import type { Controller } from './cgroup.ts'
import type { Limits } from './limits.ts'

/** A value to write into a file of a controller. */
export interface LimitFile {
  readonly controller: Controller
  readonly file: string
  readonly value: string
  /** What the user asked for, for messages. */
  readonly flag: string
  /** A kernel without accounting of swap has no such file, and what it limits is not there to be limited. */
  readonly optional?: true
}

/** Microseconds over which processor time is counted. */
const periodUs = 100_000

/**
 * The files that hold limits, in the order in which they are written. On v1, memory and swap together can never be
 * less than memory, so `grows` says which is raised first.
 */
export function limitFiles(
  limits: Limits,
  versionOf: (controller: Controller) => 'v1' | 'v2',
  grows = false,
): readonly LimitFile[] {
  return [
    ...memoryFiles(limits, versionOf('memory'), grows),
    ...cpuFiles(limits, versionOf('cpu')),
    ...setFiles(limits),
    ...(limits.pids === undefined
      ? []
      : [
          {
            controller: 'pids' as const,
            file: 'pids.max',
            value: limits.pids === -1 ? 'max' : String(limits.pids),
            flag: '--pids-limit',
          },
        ]),
  ]
}

/** Without --memory-swap, as much swap as memory may be used; docker's default. */
function memoryFiles(limits: Limits, version: 'v1' | 'v2', grows: boolean): readonly LimitFile[] {
  const { memoryBytes, memorySwapBytes } = limits
  if (memoryBytes === undefined) return []
  const controller = 'memory'
  const both = memorySwapBytes ?? memoryBytes * 2
  const flag = '--memory'
  const swapFlag = '--memory-swap'
  switch (version) {
    case 'v1': {
      const memory = { controller, file: 'memory.limit_in_bytes', value: String(memoryBytes), flag } as const
      const file = 'memory.memsw.limit_in_bytes'
      const swap = { controller, file, value: String(both), flag: swapFlag, optional: true } as const
      return grows ? [swap, memory] : [memory, swap]
    }
    case 'v2': {
      const swap = both === -1 ? 'max' : String(both - memoryBytes)
      return [
        { controller, file: 'memory.max', value: String(memoryBytes), flag },
        { controller, file: 'memory.swap.max', value: swap, flag: swapFlag, optional: true },
      ]
    }
    default:
      return assertNever(version)
  }
}

function cpuFiles({ cpus, cpuShares }: Limits, version: 'v1' | 'v2'): readonly LimitFile[] {
  const controller = 'cpu'
  const quota = cpus === undefined ? undefined : Math.max(1000, Math.round(cpus * periodUs))
  const files: LimitFile[] = []
  if (quota !== undefined) {
    const flag = '--cpus'
    if (version === 'v2') files.push({ controller, file: 'cpu.max', value: `${quota} ${periodUs}`, flag })
    else {
      files.push({ controller, file: 'cpu.cfs_period_us', value: String(periodUs), flag })
      files.push({ controller, file: 'cpu.cfs_quota_us', value: String(quota), flag })
    }
  }
  if (cpuShares !== undefined) {
    const flag = '--cpu-shares'
    if (version === 'v2') files.push({ controller, file: 'cpu.weight', value: String(weightOf(cpuShares)), flag })
    else files.push({ controller, file: 'cpu.shares', value: String(cpuShares), flag })
  }
  return files
}

/** Shares from 2 to 262144 as weights from 1 to 10000, as the runtimes convert them (runtime-spec, config-linux). */
export function weightOf(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262142)
}

function setFiles({ cpusetCpus, cpusetMems }: Limits): readonly LimitFile[] {
  const controller = 'cpuset'
  const files: LimitFile[] = []
  if (cpusetCpus !== undefined) {
    files.push({ controller, file: 'cpuset.cpus', value: cpusetCpus, flag: '--cpuset-cpus' })
  }
  if (cpusetMems !== undefined) {
    files.push({ controller, file: 'cpuset.mems', value: cpusetMems, flag: '--cpuset-mems' })
  }
  return files
}
