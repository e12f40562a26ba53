import { digestHex } from '../base/index.ts'
import { type ListedImage, listImages } from '../engine/list-images.ts'
import { type Column, formatBytes, formatSince, formatTime, type ListingRow, renderListing } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { ImagesFlags } from './flags.ts'
import { processHost } from './process-host.ts'

const columns: readonly Column[] = [
  { field: 'Repository', heading: 'REPOSITORY' },
  { field: 'Tag', heading: 'TAG' },
  { field: 'Digest', heading: 'DIGEST' },
  { field: 'ID', heading: 'IMAGE ID' },
  { field: 'Platform', heading: 'PLATFORM' },
  { field: 'CreatedSince', heading: 'CREATED' },
  { field: 'CreatedAt', heading: 'CREATED AT' },
  { field: 'Size', heading: 'SIZE' },
]

/** Runs `longshore images`; returns the exit code. */
export function runImages(name: string | undefined, flags: ImagesFlags, root: string | undefined): number {
  const host = processHost()
  const dangling = flags.filter.some((filter) => filter.startsWith('dangling='))
  const images = listImages(host, root, flags.filter)
    .filter((image) => flags.all === true || dangling || image.repository !== '<none>')
    .filter((image) => name === undefined || image.repository === name || `${image.repository}:${image.tag}` === name)
  const rows = images.map((image) => listingRow(image, flags.trunc, host.nowMs()))
  if (flags.quiet === true) {
    process.stdout.write([...new Set(rows.map((row) => `${row['ID']}\n`))].join(''))
    return exitCodes.done
  }
  const isSeveral = images.some((image) => image.isOneOfSeveral === true)
  const shown = [
    ...['Repository', 'Tag', ...(flags.digests === true ? ['Digest'] : []), 'ID'],
    ...(isSeveral ? ['Platform'] : []),
    ...['CreatedSince', 'Size'],
  ]
  process.stdout.write(renderListing(columns, shown, rows, flags.format))
  return exitCodes.done
}

function listingRow(image: ListedImage, trunc: boolean, nowMs: number): ListingRow {
  return {
    Repository: image.repository,
    Tag: image.tag,
    Digest: image.digest ?? '<none>',
    ID: trunc ? digestHex(image.id).slice(0, 12) : image.id,
    Platform: image.platform,
    CreatedSince: formatSince(image.created, nowMs),
    CreatedAt: formatTime(image.created),
    Size: formatBytes(image.sizeBytes),
  }
}
