import { digestHex } from '../base/index.ts'
import { type HistoryLine, imageHistory } from '../engine/image-history.ts'
import { type Column, formatBytes, formatSince, formatTime, type ListingRow, renderListing } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { HistoryFlags } from './flags.ts'
import { platformField } from './platform-field.ts'
import { processHost } from './process-host.ts'

const columns: readonly Column[] = [
  { field: 'ID', heading: 'IMAGE' },
  { field: 'CreatedSince', heading: 'CREATED' },
  { field: 'CreatedAt', heading: 'CREATED AT' },
  { field: 'CreatedBy', heading: 'CREATED BY' },
  { field: 'Size', heading: 'SIZE' },
  { field: 'Comment', heading: 'COMMENT' },
]

/** Length at which docker cuts a command off. */
const commandLength = 45

/** Runs `longshore history`; returns the exit code. */
export function runHistory(image: string, flags: HistoryFlags, root: string | undefined): number {
  const host = processHost()
  const isHuman = flags.human !== 'false'
  const { platform } = platformField(flags)
  const rows = imageHistory(host, root, image, platform).map((line) =>
    listingRow(line, flags.trunc, isHuman, host.nowMs()),
  )
  if (flags.quiet === true) process.stdout.write(rows.map((row) => `${row['ID']}\n`).join(''))
  else {
    const created = isHuman ? 'CreatedSince' : 'CreatedAt'
    process.stdout.write(renderListing(columns, ['ID', created, 'CreatedBy', 'Size', 'Comment'], rows, flags.format))
  }
  return exitCodes.done
}

function listingRow(line: HistoryLine, trunc: boolean, isHuman: boolean, nowMs: number): ListingRow {
  const command = line.createdBy.replace(/[\t\n]/g, ' ')
  const id = line.id === undefined ? '<missing>' : trunc ? digestHex(line.id).slice(0, 12) : line.id
  return {
    ID: id,
    CreatedSince: formatSince(line.created, nowMs),
    CreatedAt: isHuman ? formatTime(line.created) : (line.created ?? 'N/A'),
    CreatedBy: trunc && command.length > commandLength ? `${command.slice(0, commandLength - 1)}…` : command,
    Size: isHuman ? formatBytes(line.sizeBytes) : String(line.sizeBytes),
    Comment: line.comment,
  }
}
