import { type DiskUsage, diskUsage } from '../engine/disk-usage.ts'
import { type Column, formatBytes, renderListing } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import { processHost } from './process-host.ts'

const columns: readonly Column[] = [
  { field: 'Type', heading: 'TYPE' },
  { field: 'TotalCount', heading: 'TOTAL' },
  { field: 'Active', heading: 'ACTIVE' },
  { field: 'Size', heading: 'SIZE' },
  { field: 'Reclaimable', heading: 'RECLAIMABLE' },
]

/** Runs `longshore system df`; returns the exit code. */
export function runSystemDf(format: string | undefined, root: string | undefined): number {
  const rows = diskUsage(processHost(), root).map((usage) => ({
    Type: usage.type,
    TotalCount: String(usage.total),
    Active: String(usage.active),
    Size: formatBytes(usage.sizeBytes),
    Reclaimable: reclaimable(usage),
  }))
  const fields = columns.map((column) => column.field)
  process.stdout.write(renderListing(columns, fields, rows, format))
  return exitCodes.done
}

function reclaimable({ sizeBytes, reclaimableBytes }: DiskUsage): string {
  const percent = sizeBytes === 0 ? '' : ` (${Math.floor((reclaimableBytes * 100) / sizeBytes)}%)`
  return `${formatBytes(reclaimableBytes)}${percent}`
}
