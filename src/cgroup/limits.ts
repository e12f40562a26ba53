import { ToolError } from '../base/index.ts'

/** What a container may use at most; absent means no limit. Sizes in bytes. */
export interface Limits {
  readonly memoryBytes?: number
  /** Memory and swap together; -1 for no limit. */
  readonly memorySwapBytes?: number
  /** Processors, also parts of one. */
  readonly cpus?: number
  /** Relative weight, 1024 by default, 2 to 262144. */
  readonly cpuShares?: number
  /** As cpuset(7) lists them: `0-2,4`. */
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
  /** Processes and threads; -1 for no limit. */
  readonly pids?: number
}

/** Least memory a container can live in, as docker has it. */
const leastMemory = 6 * 2 ** 20

/** Checks limits against each other and against the machine's `processors`. Throws `ToolError` `usage`. */
export function checkLimits(limits: Limits, processors: number): void {
  const bad = (message: string, hint: string): ToolError => new ToolError('usage', message, { hint })
  const { memoryBytes, memorySwapBytes, cpus, cpuShares, cpusetCpus, pids } = limits
  if (memoryBytes !== undefined && memoryBytes < leastMemory) {
    throw bad(`--memory ${memoryBytes} is too little for a container`, 'give at least 6m')
  }
  if (memorySwapBytes !== undefined && memorySwapBytes !== -1) {
    if (memoryBytes === undefined)
      throw bad('--memory-swap needs --memory', 'give both, for example -m 512m --memory-swap 1g')
    if (memorySwapBytes < memoryBytes) {
      throw bad('--memory-swap is memory and swap together, so it cannot be less than --memory', 'use -1 for any swap')
    }
  }
  if (cpus !== undefined && !(cpus >= 0.01 && cpus <= processors)) {
    throw bad(`--cpus ${cpus} is out of range`, `this machine has ${processors} processors: give 0.01 to ${processors}`)
  }
  if (cpuShares !== undefined && !(Number.isInteger(cpuShares) && cpuShares >= 2 && cpuShares <= 262144)) {
    throw bad(`--cpu-shares ${cpuShares} is out of range`, 'give a whole number from 2 to 262144; 1024 is the default')
  }
  if (pids !== undefined && pids !== -1 && !(Number.isInteger(pids) && pids > 0)) {
    throw bad(`--pids-limit ${pids} is out of range`, 'give a whole number above 0, or -1 for no limit')
  }
  const processorsNamed = cpusetCpus === undefined ? [] : parseCpuSet(cpusetCpus)
  if (processorsNamed === undefined || processorsNamed.some((number) => number >= processors)) {
    throw bad(
      `--cpuset-cpus "${cpusetCpus}" names processors that are not there`,
      `give 0-${processors - 1}, or some of them`,
    )
  }
}

/** Numbers of a list such as `0-2,4`, or undefined when it is not one. */
export function parseCpuSet(text: string): readonly number[] | undefined {
  const numbers = new Set<number>()
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim()) ?? []
    if (first === undefined || Number(last) < Number(first)) return undefined
    for (let number = Number(first); number <= Number(last); number += 1) numbers.add(number)
  }
  return [...numbers]
}
