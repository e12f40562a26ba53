import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A fresh directory that every user may enter, removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = makeTemporaryDirectory()
  onTestFinished(() => removeDirectory(directory))
  return directory
}

/** Removes a directory; an ordinary user does it as root of a namespace, since a store holds files of subordinate ids. */
export function removeDirectory(directory: string): void {
  if (process.getuid?.() === 0) {
    rmSync(directory, { recursive: true, force: true })
    return
  }
  const command = ['--user', '--map-auto', '--map-root-user', 'rm', '-rf', directory]
  const removed = spawnSync('unshare', command, { encoding: 'utf8' })
  if (removed.status !== 0) rmSync(directory, { recursive: true, force: true })
}

/** A fresh directory that every user may enter; the caller removes it. */
export function makeTemporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-test-')))
  chmodSync(directory, 0o755)
  return directory
}
