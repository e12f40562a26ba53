import { closeSync, openSync } from 'node:fs'
import { storeError } from '../base/index.ts'
import { syncFileSystem } from '../sys/index.ts'
import { openPending } from './pending.ts'

/**
 * Flushes the store's file system and takes every note off that was there before, whoever made it: all that a noted layer
 * holds was written before its note. Does nothing when there are none. Throws `ToolError` when the disk reports an error.
 */
export async function settle(root: string): Promise<void> {
  const pending = openPending(root)
  const names = pending.names().filter((name) => !pending.lost(name))
  if (names.length === 0) return
  const fd = openSync(root, 'r')
  try {
    await syncFileSystem(fd)
  } catch (error) {
    throw storeError('write the new layers to the disk', error)
  } finally {
    closeSync(fd)
  }
  for (const name of names) pending.forget(name)
}
