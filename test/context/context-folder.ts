import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FileSelection, MissingSource } from '../../src/base/index.ts'
import { type BuildContext, openContext } from '../../src/context/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** A context with files (path to text), changed long enough ago to be believed. */
export function contextWith(files: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory()
  write(directory, files)
  return directory
}

/** Writes files, path to text. */
export function write(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
}

/** Opens a context whose files count as settled. */
export function open(directory: string, memoFile = join(temporaryDirectory(), 'memo')): BuildContext {
  // A minute from now: what the test has just written counts as settled.
  const nowMs = () => Date.now() + 60_000
  return openContext({ directory, dockerfile: join(directory, 'Dockerfile'), memoFile, nowMs })
}

/** What sources select; all must be there. */
export function select(context: BuildContext, ...sources: string[]): FileSelection {
  const result = context.select(sources, [])
  if (result.kind === 'selected') return result.selection
  throw new Error(`missing ${JSON.stringify(result.missing)}`)
}

/** The sources that are not there; source n has the span [n, n + 1). */
export function missing(context: BuildContext, ...sources: string[]): readonly MissingSource[] {
  const spans = sources.map((_, index) => ({ start: index, end: index + 1 }))
  const result = context.select(sources, spans)
  return result.kind === 'missing' ? result.missing : []
}

/** Paths that land, a file that is named itself under its base name. */
export function landing(selection: FileSelection): string[] {
  return selection.sources.flatMap((source) =>
    source.matches.flatMap((match) => match.entries.map((entry) => entry.path || `=${match.path}`)),
  )
}

/** Content digest of sources, looked at afresh. */
export function digest(directory: string, ...sources: string[]): string {
  return select(open(directory), ...sources).contentDigest
}
