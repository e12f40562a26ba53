import { digestHex } from '../base/index.ts'
import { type ListedImage, listImages } from '../engine/list-images.ts'
import { formatAge, formatBytes, renderTable } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { ImagesFlags } from './flags.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore images`; returns the exit code. */
export function runImages(name: string | undefined, flags: ImagesFlags, root: string | undefined): number {
  const host = processHost()
  const images = listImages(host, root)
    .filter((image) => flags.all === true || image.repository !== '<none>')
    .filter((image) => name === undefined || image.repository === name || `${image.repository}:${image.tag}` === name)
  const shortId = (image: ListedImage): string => (flags.trunc ? digestHex(image.id).slice(0, 12) : image.id)
  if (flags.quiet === true) {
    process.stdout.write([...new Set(images.map((image) => `${shortId(image)}\n`))].join(''))
  } else if (flags.format === 'json') {
    process.stdout.write(
      images.map((image) => `${JSON.stringify({ ...image, id: flags.trunc ? shortId(image) : image.id })}\n`).join(''),
    )
  } else {
    const rows = images.map((image) => [
      image.repository,
      image.tag,
      shortId(image),
      age(image, host.nowMs()),
      formatBytes(image.sizeBytes),
    ])
    process.stdout.write(renderTable(['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'], rows))
  }
  return exitCodes.done
}

function age(image: ListedImage, nowMs: number): string {
  return image.created === undefined ? 'N/A' : `${formatAge(nowMs - Date.parse(image.created))} ago`
}
