import { availableParallelism } from 'node:os'
import { invariant } from '../base/index.ts'
import { findProgram } from '../engine/find-program.ts'
import { detectUserNamespace, type Host } from '../engine/host.ts'
import { unshareArguments } from '../engine/namespace.ts'

/** Set in the environment of a command that was started again inside a user namespace, to keep it from doing so again. */
const reexecutedMark = 'LONGSHORE_NAMESPACE'

/** The host as this process sees it. */
export function processHost(): Host {
  const { [reexecutedMark]: mark, ...env } = process.env
  return {
    env,
    cwd: process.cwd(),
    uid: process.getuid?.() ?? 0,
    arch: process.arch,
    cpus: availableParallelism(),
    isReexecuted: mark !== undefined,
    inUserNamespace: detectUserNamespace(),
    nowMs: () => Date.now(),
    reexecute(mapping) {
      invariant(mark === undefined, 'still an ordinary user inside the user namespace')
      invariant(process.execve !== undefined, 'this Node has no process.execve')
      const unshare = findProgram('unshare', env['PATH'])
      invariant(unshare !== undefined, 'unshare was there a moment ago')
      const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
      const args = ['unshare', ...unshareArguments(mapping), ...command]
      return process.execve(unshare, args, { ...definedOnly(env), [reexecutedMark]: '1' })
    },
  }
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
