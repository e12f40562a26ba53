import { join, resolve } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { ImagePort } from '../build/index.ts'
import type { OpenedContext } from './build-context.ts'
import type { BuildRequest } from './build-request.ts'
import type { Host } from './host.ts'
import type { SourcePins } from './lock-pins.ts'

/** What a lock file that was asked for makes of images and sources. */
export interface RequestedLock {
  readonly pins: SourcePins
  images(port: ImagePort): ImagePort
}

/** Opens the lock file of a request; undefined when none was asked for. Throws `ToolError` `lock-mismatch`. */
export async function openLock(
  { locked }: BuildRequest,
  host: Host,
  context: OpenedContext,
): Promise<RequestedLock | undefined> {
  if (locked === undefined) return undefined
  const { lockFileName, readLockFile } = await import('./lock-file.ts')
  const { lockedImages, sourcePins } = await import('./lock-pins.ts')
  const path = locked === true ? join(context.directory, lockFileName) : resolve(host.cwd, locked)
  const lock = readLockFile(path)
  if (lock === undefined) {
    throw new ToolError('lock-mismatch', `there is no lock file "${path}"`, {
      hint: 'make it with longshore lock, and commit it; or name another with --lockfile',
    })
  }
  const open = { path, lock }
  return { pins: sourcePins(open), images: (port) => lockedImages(port, open) }
}
