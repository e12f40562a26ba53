import { parse, stringify } from '@yarnpkg/lockfile'
import { localDirectory } from './find-packages.ts'
import { isTable, rememberingLast, type Table, textsOf } from './json-value.ts'
import { lockNotSupported, manifestPath, outdated } from './problem.ts'
import type { LockRequest, LockSlice, WorkspacePackage, WorkspaceProblem } from './types.ts'

const command = 'yarn install'

const parseLock = rememberingLast(readLock)

/**
 * Slices `yarn.lock` of yarn 1. It has no packages of the workspace: what a manifest asks for and the lock file does not have
 * is one of those. Of an entry, only the ranges are kept that somebody still asks for.
 */
export function sliceYarnLock({ file, text, packages, start }: LockRequest): LockSlice | WorkspaceProblem {
  const lock = parseLock(text)
  if (lock === undefined)
    return lockNotSupported(`${file} cannot be read`, `resolve what git left in it, or run ${command}`)
  const byName = new Map([...packages.values()].map((one) => [one.manifest.name, one.directory]))
  const directories = new Set<string>()
  const kept = new Set<string>()
  const pending = [...start]
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const found = packages.get(directory)
    if (directories.has(directory) || found === undefined) continue
    directories.add(directory)
    for (const [name, range] of wanted(found)) {
      const local = localDirectory(directory, range)
      if (local !== undefined && packages.has(local)) pending.push(local)
      const isKnown = keepRange(lock, kept, name, range)
      const own = byName.get(name)
      if (isKnown || local !== undefined) continue
      if (own === undefined) return outdated(file, manifestPath(directory), `${name}@${range}`, command)
      pending.push(own)
    }
  }
  const sliced = Object.fromEntries(Object.entries(lock).filter(([pattern]) => kept.has(pattern)))
  return {
    kind: 'slice',
    directories,
    text: stringify(sliced),
    entries: new Map(Object.entries(sliced).map(([pattern, entry]) => [pattern, JSON.stringify(entry)])),
  }
}

/** A line in which every quote is closed. The library never comes to an end with one that is not. */
const closedQuotes = /^(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*")*$/

function readLock(text: string): Table | undefined {
  if (!text.split('\n').every((line) => closedQuotes.test(line))) return undefined
  try {
    const { type, object } = parse(text)
    return type === 'success' ? object : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function wanted({ manifest }: WorkspacePackage): readonly (readonly [string, string])[] {
  const { dependencies, devDependencies, optionalDependencies } = manifest
  return Object.entries({ ...devDependencies, ...dependencies, ...optionalDependencies })
}

/** Keeps what a range means, and what that asks for; false when the lock file has nothing of that name. */
function keepRange(lock: Table, kept: Set<string>, name: string, range: string): boolean {
  const pending = [[name, range] as const]
  let isFirst = true
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const pattern = `${next[0]}@${next[1]}`
    // Where resolutions make something else of a range, all that has the name is kept.
    const found = Object.hasOwn(lock, pattern) ? [pattern] : Object.keys(lock).filter((one) => nameOf(one) === next[0])
    if (isFirst && found.length === 0) return false
    isFirst = false
    for (const one of found) {
      if (kept.has(one)) continue
      kept.add(one)
      const entry = lock[one]
      if (!isTable(entry)) continue
      pending.push(...Object.entries({ ...textsOf(entry, 'dependencies'), ...textsOf(entry, 'optionalDependencies') }))
    }
  }
  return true
}

/** The name in front of the range. */
function nameOf(pattern: string): string {
  const at = pattern.indexOf('@', 1)
  return at < 0 ? pattern : pattern.slice(0, at)
}
