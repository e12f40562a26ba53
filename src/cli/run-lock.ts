import { ToolError } from '../base/index.ts'
import type { LockFile } from '../engine/lock-file.ts'
import { lockProject } from '../engine/lock-project.ts'
import { renderDiagnostic } from '../report/index.ts'
import { keyValues, namedValues } from './collect.ts'
import { exitCodes } from './exit-codes.ts'
import type { LockFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'
import { processHost } from './process-host.ts'
import { registryAccess } from './registry-access-flags.ts'

/** Runs `longshore lock`; prints the path of the lock file and returns the exit code. */
export async function runLock(context: string, flags: LockFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const { file, lockfile } = flags
  const request = {
    context,
    buildArgs: keyValues(flags.buildArg, host.env),
    contexts: namedValues(flags.buildContext),
    access: registryAccess(flags),
    ...(file === undefined ? {} : { file }),
    ...(lockfile === undefined ? {} : { lockFile: lockfile }),
    ...(root === undefined ? {} : { root }),
  }
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  try {
    const outcome = await lockProject(request, host, () => undefined, abort.signal)
    if (outcome.kind === 'invalid') {
      const { diagnostics, source } = outcome
      process.stderr.write(diagnostics.map((one) => `${renderDiagnostic(one, source)}\n`).join(''))
      return exitCodes.error
    }
    process.stdout.write(`${outcome.path}\n`)
    process.stderr.write(`${outcome.changed ? 'locked' : 'unchanged'}: ${amounts(outcome.lock)}\n`)
    return exitCodes.done
  } finally {
    restore()
  }
}

function amounts({ images, files, repositories }: LockFile): string {
  const parts = [
    [Object.keys(images).length, 'image', 'images'],
    [Object.keys(files).length, 'file', 'files'],
    [Object.keys(repositories).length, 'repository', 'repositories'],
  ] as const
  return parts.map(([count, one, many]) => `${count} ${count === 1 ? one : many}`).join(', ')
}
