import { readFileSync, statSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import { errnoCode, errorMessage, type SourceFile, sourceFile, ToolError } from '../base/index.ts'

/** A Dockerfile as found on disk. */
export interface DockerfileSource {
  readonly path: string
  readonly source: SourceFile
}

/** Names of the Dockerfile when none is given, the first that is there. */
export const defaultNames = ['Dockerfile', 'dockerfile', 'Containerfile']

/**
 * Finds and reads the Dockerfile: `file` relative to the current directory, else the first of Dockerfile, dockerfile
 * and Containerfile in the context. Throws `ToolError` `context-not-found`, `dockerfile-not-found`.
 */
export function readDockerfile(cwd: string, context: string, file: string | undefined): DockerfileSource {
  requireDirectory(context)
  const paths =
    file === undefined ? defaultNames.map((name) => join(context, name)) : [isAbsolute(file) ? file : join(cwd, file)]
  for (const path of paths) {
    const text = readText(path)
    if (text !== undefined) return { path, source: sourceFile(displayName(cwd, path), text) }
  }
  if (file === undefined) {
    throw new ToolError('dockerfile-not-found', `no Dockerfile in "${context}"`, {
      hint: `looked for ${defaultNames.join(', ')}; name another file with -f FILE`,
    })
  }
  throw new ToolError('dockerfile-not-found', `the Dockerfile "${file}" does not exist`, {
    hint: '-f is relative to the current directory, not to the build context',
  })
}

/** Throws `ToolError` `context-not-found` unless `context` is a directory. */
export function requireDirectory(context: string): void {
  const stat = statSync(context, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return
  const why = stat === undefined ? 'does not exist' : 'is not a directory'
  throw new ToolError('context-not-found', `the build context "${context}" ${why}`, {
    hint: 'the last argument of `longshore build` is a directory, a git or http(s) address, or - for stdin',
  })
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return undefined
    throw new ToolError('context-unreadable', `cannot read "${path}": ${errorMessage(error)}`, {
      hint: 'check its type and permissions',
      cause: error,
    })
  }
}

/** The path as messages show it: relative to the current directory when it is below. */
function displayName(cwd: string, path: string): string {
  const short = relative(cwd, path)
  return short.startsWith('..') || short === '' ? path : short
}
