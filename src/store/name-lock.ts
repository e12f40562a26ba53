import { closeSync, openSync } from 'node:fs'
import { storeAction } from '../base/index.ts'
import { tryLock } from '../sys/index.ts'

/** Names are changed in less. */
const pollMs = 2

/**
 * Runs `change`, which reads a name and writes it anew, while no other process does the same: a kernel lock on the file at
 * `path`, which a dead process does not hold. Waits, and the thread with it. Throws `ToolError` `store-failed`, and what
 * `change` throws.
 */
export function withNameLock<T>(path: string, change: () => T): T {
  const fd = storeAction('lock the names of images', () => openSync(path, 'a', 0o600))
  try {
    while (!tryLock(fd, 'exclusive')) Atomics.wait(nothing, 0, 0, pollMs)
    return change()
  } finally {
    closeSync(fd)
  }
}

const nothing = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
