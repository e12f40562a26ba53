import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ToolError } from '../base/index.ts'
import { tryLock } from '../sys/index.ts'

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/** A container name held by this process; two running containers never share one. */
export interface NameLock {
  readonly name: string
  release(): void
}

/** Twelve hex digits, as docker shortens container IDs. */
export function randomContainerId(): string {
  return randomBytes(6).toString('hex')
}

/**
 * Takes `name` for a running container; the kernel gives it back when the process ends. Throws `ToolError` `usage` for
 * a name docker would refuse, `name-in-use` when it is taken.
 */
export function lockName(directory: string, name: string): NameLock {
  if (!namePattern.test(name)) {
    throw new ToolError('usage', `"${name}" is not a container name`, {
      hint: 'use letters, digits, _ . and -, at least two characters, the first a letter or digit',
    })
  }
  const path = join(directory, `${name}.lock`)
  const fd = openSync(path, 'a', 0o600)
  if (!tryLock(fd, 'exclusive')) {
    closeSync(fd)
    throw new ToolError('name-in-use', `a container named "${name}" is running`, {
      hint: 'choose another --name, or end that one first',
    })
  }
  return {
    name,
    release() {
      rmSync(path, { force: true })
      closeSync(fd)
    },
  }
}
