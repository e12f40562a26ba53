import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import {
  errnoCode,
  errorMessage,
  type IgnoreMatcher,
  parseIgnore,
  positionAt,
  sourceFile,
  ToolError,
} from '../base/index.ts'

/** No ignore file of people is larger; what is, is something else. */
const largestBytes = 4 * 1024 * 1024

/**
 * Loads the ignore file of a context (absolute, no symlink): `NAME.dockerignore` beside the Dockerfile, else
 * `.dockerignore`, else `.containerignore` in the context's root; a matcher without rules when there is none. Throws
 * `ToolError` `context-unreadable` for a file that cannot be read or leads out of the context (security 31),
 * `bad-ignore-pattern` for a malformed pattern.
 */
export function loadIgnoreFile(directory: string, dockerfile?: string): IgnoreMatcher {
  const own = dockerfile === undefined ? [] : [`${resolve(dockerfile)}.dockerignore`]
  const candidates = [...own, join(directory, '.dockerignore'), join(directory, '.containerignore')]
  const homes = [directory, ...own.map((file) => dirname(file))]
  for (const file of candidates) {
    const name = displayName(directory, file)
    const text = readIgnoreFile(file, name, homes)
    if (text !== undefined) return parseOrThrow(text, name)
  }
  return noRules()
}

/** A matcher that leaves nothing out. */
export function noRules(): IgnoreMatcher {
  return parseIgnore('', '.dockerignore').matcher
}

function displayName(directory: string, file: string): string {
  const name = relative(directory, file)
  return name.startsWith('../') ? join(basename(dirname(file)), basename(file)) : name
}

function parseOrThrow(text: string, name: string): IgnoreMatcher {
  const { matcher, diagnostics } = parseIgnore(text, name)
  const [first] = diagnostics
  if (first === undefined) return matcher
  const { line } = positionAt(sourceFile(name, text), first.span.start)
  throw new ToolError('bad-ignore-pattern', `${name}:${line}: ${first.message}`, {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    details: { file: name, line },
  })
}

/** Text of the file, or undefined when there is none. */
function readIgnoreFile(file: string, name: string, homes: readonly string[]): string | undefined {
  let fd: number | undefined
  try {
    // Never blocks on a fifo somebody put there.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    const real = realpathSync(file)
    if (!homes.some((home) => real.startsWith(`${realpathSync(home)}/`))) {
      throw unusable(name, `it is a symlink that leads out of the build context, to ${real}`)
    }
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw unusable(name, 'it is no regular file')
    if (stats.size > largestBytes) throw unusable(name, `it has ${stats.size} bytes`)
    return readFileSync(fd, 'utf8')
  } catch (error) {
    if (error instanceof ToolError) throw error
    const code = errnoCode(error)
    // A symlink to nothing must not read as "no rules": everything would go into the image.
    if (code === 'ENOTDIR') return undefined
    if (code === 'ENOENT' && lstatSync(file, { throwIfNoEntry: false }) === undefined) return undefined
    throw unusable(name, errorMessage(error), error)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function unusable(name: string, why: string, cause?: unknown): ToolError {
  return new ToolError('context-unreadable', `the ignore file ${name} cannot be used: ${why}`, {
    hint: `make ${name} a readable text file inside the build context, or remove it`,
    details: { file: name },
    cause,
  })
}
