import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A fresh directory that every user may enter, removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = makeTemporaryDirectory()
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A fresh directory that every user may enter; the caller removes it. */
export function makeTemporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-test-')))
  chmodSync(directory, 0o755)
  return directory
}
