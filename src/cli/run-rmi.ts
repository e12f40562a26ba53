import { type Removal, removeImages } from '../engine/remove-images.ts'
import { formatBytes } from '../report/index.ts'
import { exitCodeFor, exitCodes } from './exit-codes.ts'
import type { RemoveFlags } from './flags.ts'
import { platformField } from './platform-field.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore rmi`; returns the exit code. With `force`, an image that is not there is told but is no failure. */
export async function runRmi(names: readonly string[], flags: RemoveFlags, root: string | undefined): Promise<number> {
  const force = flags.force === true
  const request = { names, force, ...platformField(flags), ...(root === undefined ? {} : { root }) }
  const { removals, cachedBytes = 0 } = await removeImages(request, processHost())
  process.stdout.write(removals.map((removal) => removalText(removal, 'Untagged', 'Deleted')).join(''))
  if (cachedBytes > 0) {
    const size = formatBytes(cachedBytes)
    process.stderr.write(
      `${size} of layers stay in the cache for builds to come; longshore builder prune frees them.\n`,
    )
  }
  const errors = removals.flatMap((removal) => (removal.kind === 'failed' ? [removal.error] : []))
  process.stderr.write(errors.map(errorText).join(''))
  const failed = errors.find((error) => !force || error.code !== 'image-not-found')
  return failed === undefined ? exitCodes.done : exitCodeFor(failed)
}

/** A line for what was removed; empty for what could not be. */
export function removalText(removal: Removal, untagged: string, deleted: string): string {
  switch (removal.kind) {
    case 'untagged':
      return `${untagged}: ${removal.name}\n`
    case 'deleted':
      return `${deleted}: ${removal.id}\n`
    case 'failed':
      return ''
  }
}
