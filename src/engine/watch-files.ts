import { dirname, relative, resolve } from 'node:path'
import { watch } from 'chokidar'
import { ToolError } from '../base/index.ts'
import { loadIgnoreFile } from '../context/index.ts'
import { parseRemoteSource } from '../ir/index.ts'
import type { BuildRequest } from './build-request.ts'
import { defaultNames } from './dockerfile-source.ts'
import type { Host } from './host.ts'

/** Watches what a build reads. */
export interface FileWatch {
  /** Resolves with the paths that have changed since the last call, as soon as there are some and all is quiet for a moment. */
  changed(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Editors write files in several goes, and git changes many. */
const quietMs = 120

/**
 * Watches the context without what its ignore file leaves out, the named contexts that are directories, the Dockerfile and the ignore
 * files; not what the build itself writes. Throws `ToolError` `usage` for a context that is no directory of this machine.
 */
export async function watchFiles(request: BuildRequest, written: readonly string[], host: Host): Promise<FileWatch> {
  const { context, file } = request
  if (context === '-' || file === '-' || parseRemoteSource(context).kind !== 'local') {
    throw new ToolError('usage', `"${context}" cannot be watched: only a directory of this machine can`, {
      hint: 'name a directory, and a Dockerfile that is a file',
    })
  }
  const directory = resolve(host.cwd, context)
  const dockerfiles =
    file === undefined ? defaultNames.map((name) => resolve(directory, name)) : [resolve(host.cwd, file)]
  const others = Object.values(request.contexts).flatMap((value) =>
    parseRemoteSource(value).kind === 'local' && !/^[a-z-]+:\/\//.test(value) ? [resolve(host.cwd, value)] : [],
  )
  const rules = [
    ...dockerfiles.map((path) => `${path}.dockerignore`),
    resolve(directory, '.dockerignore'),
    resolve(directory, '.containerignore'),
  ]
  const always = new Set([...dockerfiles, ...rules])
  const outputs = written.map((path) => resolve(host.cwd, path))
  const isOutput = (path: string): boolean => outputs.some((output) => path === output || path.startsWith(`${output}/`))
  const isLeftOut = leftOut(directory, dockerfiles)
  return follow(
    [directory, ...others, ...dockerfiles.filter((path) => dirname(path) !== directory)],
    (path, isDirectory) => {
      if (always.has(path) || path === directory) return false
      return isOutput(path) || isLeftOut(path, isDirectory)
    },
  )
}

/** Whether the ignore file leaves a path out. It is read anew for each look, since it may change; one that is wrong has no rules. */
function leftOut(directory: string, dockerfiles: readonly string[]): (path: string, isDirectory: boolean) => boolean {
  let matcher = readMatcher(directory, dockerfiles)
  let readMs = Date.now()
  return (path, isDirectory) => {
    const inside = relative(directory, path)
    if (inside === '' || inside.startsWith('..')) return false
    if (Date.now() - readMs > quietMs) {
      matcher = readMatcher(directory, dockerfiles)
      readMs = Date.now()
    }
    return (
      matcher !== undefined &&
      (isDirectory ? matcher.canPrune(inside) && matcher.excludes(inside) : matcher.excludes(inside))
    )
  }
}

function readMatcher(directory: string, [dockerfile]: readonly string[]) {
  try {
    return loadIgnoreFile(directory, dockerfile)
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
}

async function follow(
  paths: readonly string[],
  isIgnored: (path: string, isDirectory: boolean) => boolean,
): Promise<FileWatch> {
  const changed = new Set<string>()
  let wake: (() => void) | undefined
  let quiet: NodeJS.Timeout | undefined
  const watcher = watch([...paths], {
    ignoreInitial: true,
    followSymlinks: false,
    // A path whose kind is not known yet may be a directory with something in it that counts.
    ignored: (path, stats) => isIgnored(path, stats === undefined || stats.isDirectory()),
  })
  watcher.on('all', (_event, path) => {
    changed.add(path)
    clearTimeout(quiet)
    quiet = setTimeout(() => wake?.(), quietMs)
  })
  await new Promise<void>((done, failed) => {
    watcher.once('ready', done)
    watcher.once('error', (error) => failed(unwatchable(error)))
  })
  return {
    async changed() {
      await new Promise<void>((done) => {
        wake = done
        // What changed while nobody waited.
        if (changed.size > 0) quiet = setTimeout(done, quietMs)
      })
      wake = undefined
      const found = [...changed]
      changed.clear()
      return found
    },
    async close() {
      clearTimeout(quiet)
      await watcher.close()
    },
  }
}

function unwatchable(error: unknown): ToolError {
  return new ToolError('context-unreadable', `the files cannot be watched: ${String(error)}`, {
    hint: 'where there are too many, raise the limit: sysctl fs.inotify.max_user_watches=524288',
    cause: error,
  })
}
