import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { digestHex, errnoCode, type StepKey, storeAction } from '../base/index.ts'
import { tryLock } from '../sys/index.ts'

/** The right to execute a step, until `release` or the end of the process. */
export interface Claim {
  release(): void
}

/** How often a claim that another process holds is tried again. */
const pollMs = 100

/**
 * Claims a step's key among the processes that share the store at `root`: a kernel lock on a file of its own, so that
 * a dead process holds nothing. Undefined when somebody has it, this process included.
 */
export function tryClaim(root: string, key: StepKey): Claim | undefined {
  const path = join(root, 'claims', digestHex(key))
  return storeAction('claim a step', () => {
    for (;;) {
      const fd = openClaim(path)
      if (!tryLock(fd, 'exclusive')) {
        closeSync(fd)
        return undefined
      }
      // Who had it may have removed the file just before: then the lock is on one that nobody finds any more.
      if (isStill(path, fd)) return { release: () => removeClaim(path, fd) }
      closeSync(fd)
    }
  })
}

/** Claims a key as soon as nobody has it. Rejects with the signal's reason. */
export async function waitForClaim(root: string, key: StepKey, signal: AbortSignal): Promise<Claim> {
  for (;;) {
    signal.throwIfAborted()
    const claim = tryClaim(root, key)
    if (claim !== undefined) return claim
    await delay(pollMs)
  }
}

/** Removes the files of claims whose process was killed. */
export function sweepClaims(root: string): void {
  for (const name of claimNames(root)) {
    const path = join(root, 'claims', name)
    const fd = openSync(path, 'a', 0o600)
    if (tryLock(fd, 'exclusive') && isStill(path, fd)) removeClaim(path, fd)
    else closeSync(fd)
  }
}

function claimNames(root: string): readonly string[] {
  try {
    return readdirSync(join(root, 'claims'))
  } catch (error) {
    // A store that was made before there were claims.
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}

function openClaim(path: string): number {
  try {
    return openSync(path, 'a', 0o600)
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error
    mkdirSync(dirname(path), { recursive: true })
    return openSync(path, 'a', 0o600)
  }
}

function isStill(path: string, fd: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino
}

/** The file goes before the lock does, so that no claim is left behind. */
function removeClaim(path: string, fd: number): void {
  rmSync(path, { force: true })
  closeSync(fd)
}
