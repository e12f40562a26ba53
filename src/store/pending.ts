import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'
import { readIfExists, writeAtomic } from './files.ts'

/**
 * Layers whose files may not have reached the disk yet. Nothing is flushed while a build runs; instead each new layer is
 * noted here with the boot it was made in, and the note goes once the file system was flushed (`settle.ts`). While
 * the machine runs, such a layer is as good as any, whatever happens to processes; after a power cut it counts as missing.
 */
export interface Pending {
  /** Notes a layer; call it before the layer is moved into place. */
  note(name: string): void
  /** Whether the layer was made before the machine last started and never seen to reach the disk. */
  lost(name: string): boolean
  names(): readonly string[]
  forget(name: string): void
}

/** Opens the notes below `root`. Reads nothing. */
export function openPending(root: string): Pending {
  const directory = join(root, 'pending')
  let boot: string | undefined
  const currentBoot = (): string => {
    boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return boot
  }
  return {
    note: (name) => writeAtomic(root, join(directory, name), currentBoot()),
    lost(name) {
      const noted = readIfExists(join(directory, name))?.toString('utf8')
      return noted !== undefined && noted !== currentBoot()
    },
    names() {
      try {
        return readdirSync(directory)
      } catch (error) {
        if (errnoCode(error) === 'ENOENT') return []
        throw error
      }
    },
    forget: (name) => rmSync(join(directory, name), { force: true }),
  }
}
