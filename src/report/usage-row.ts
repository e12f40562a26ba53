import { formatBytes } from './plain.ts'

/** What a container used at one moment; what is not known is absent. */
export interface UsageSample {
  readonly atMs: number
  readonly memoryBytes?: number
  readonly memoryLimitBytes?: number
  readonly cpuNs?: number
  readonly pids?: number
  readonly readBytes?: number
  readonly writtenBytes?: number
  readonly receivedBytes?: number
  readonly sentBytes?: number
}

const unknown = '--'

/**
 * The numbers of a container as docker's `stats` shows them: processor time between two samples as a share of one processor, memory of
 * its limit or of the machine's `totalBytes`. What is not known is `--`.
 */
export function usageRow(
  before: UsageSample | undefined,
  now: UsageSample | undefined,
  totalBytes: number,
): Readonly<Record<'CPUPerc' | 'MemUsage' | 'MemPerc' | 'NetIO' | 'BlockIO' | 'PIDs', string>> {
  const limitBytes = Math.min(now?.memoryLimitBytes ?? totalBytes, totalBytes)
  const memoryBytes = now?.memoryBytes
  return {
    CPUPerc: cpuShare(before, now),
    MemUsage: memoryBytes === undefined ? `${unknown} / ${unknown}` : `${binary(memoryBytes)} / ${binary(limitBytes)}`,
    MemPerc: memoryBytes === undefined ? unknown : percent(memoryBytes / limitBytes),
    NetIO: pair(now?.receivedBytes, now?.sentBytes),
    BlockIO: pair(now?.readBytes, now?.writtenBytes),
    PIDs: now?.pids === undefined ? unknown : String(now.pids),
  }
}

function cpuShare(before: UsageSample | undefined, now: UsageSample | undefined): string {
  if (before?.cpuNs === undefined || now?.cpuNs === undefined || now.atMs <= before.atMs) return unknown
  return percent(Math.max(0, now.cpuNs - before.cpuNs) / ((now.atMs - before.atMs) * 1e6))
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`
}

function pair(first: number | undefined, second: number | undefined): string {
  const shown = (bytes: number | undefined): string => (bytes === undefined ? unknown : formatBytes(bytes))
  return first === undefined && second === undefined ? unknown : `${shown(first)} / ${shown(second)}`
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Four digits and a binary unit, as docker shows memory: `1.945MiB`. */
function binary(bytes: number): string {
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024
  return `${Number(value.toPrecision(4))}${units[unit]}`
}
