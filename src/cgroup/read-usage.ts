import type { Controller, Usage } from './cgroup.ts'
import type { GroupDirectory } from './group-directory.ts'

type Find = (controller: Controller) => GroupDirectory | undefined

/** A number below which a v1 limit is one: without, it is the largest multiple of a page. */
const noLimit = 2 ** 60

/** Reads what a group uses. Memory is counted as docker does: without the page cache that is given back first. */
export function readUsage(find: Find): Usage {
  const found: Record<string, number | undefined> = {
    ...memoryUsage(find('memory')),
    cpuNs: cpuTime(find('cpuacct')),
    ...pidsUsage(find('pids')),
    ...diskUsage(find('io')),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}

function memoryUsage(directory: GroupDirectory | undefined): Usage {
  if (directory === undefined) return {}
  const isNew = directory.version === 'v2'
  const used = numberIn(directory.read(isNew ? 'memory.current' : 'memory.usage_in_bytes'))
  const inactive = countOf(directory.read('memory.stat'), isNew ? 'inactive_file' : 'total_inactive_file') ?? 0
  const limit = numberIn(directory.read(isNew ? 'memory.max' : 'memory.limit_in_bytes'))
  return {
    ...(used === undefined ? {} : { memoryBytes: Math.max(0, used - inactive) }),
    ...(limit === undefined || limit >= noLimit ? {} : { memoryLimitBytes: limit }),
  }
}

function cpuTime(directory: GroupDirectory | undefined): number | undefined {
  if (directory === undefined) return undefined
  if (directory.version === 'v1') return numberIn(directory.read('cpuacct.usage'))
  const micros = countOf(directory.read('cpu.stat'), 'usage_usec')
  return micros === undefined ? undefined : micros * 1000
}

function pidsUsage(directory: GroupDirectory | undefined): Usage {
  const [pids, pidsLimit] = [numberIn(directory?.read('pids.current')), numberIn(directory?.read('pids.max'))]
  return { ...(pids === undefined ? {} : { pids }), ...(pidsLimit === undefined ? {} : { pidsLimit }) }
}

function diskUsage(directory: GroupDirectory | undefined): Usage {
  if (directory === undefined) return {}
  if (directory.version === 'v2') {
    const text = directory.read('io.stat') ?? ''
    return { readBytes: sumOf(text, /\brbytes=(\d+)/g), writtenBytes: sumOf(text, /\bwbytes=(\d+)/g) }
  }
  const text = directory.read('blkio.throttle.io_service_bytes') ?? ''
  return { readBytes: sumOf(text, /^\S+ Read (\d+)$/gm), writtenBytes: sumOf(text, /^\S+ Write (\d+)$/gm) }
}

/** How many processes the kernel has killed in a group for want of memory. */
export function oomKills(directory: GroupDirectory | undefined): number {
  const file = directory?.version === 'v1' ? 'memory.oom_control' : 'memory.events'
  return countOf(directory?.read(file), 'oom_kill') ?? 0
}

/** The number in a file that has one; undefined for `max` and for no file. */
function numberIn(text: string | undefined): number | undefined {
  return text === undefined || !/^\d+\s*$/.test(text) ? undefined : Number(text)
}

/** The value of a key in a file of `KEY VALUE` lines. */
function countOf(text: string | undefined, key: string): number | undefined {
  const [, value] = new RegExp(`^${key} (\\d+)$`, 'm').exec(text ?? '') ?? []
  return value === undefined ? undefined : Number(value)
}

function sumOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0)
}
