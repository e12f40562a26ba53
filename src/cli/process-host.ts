import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { invariant } from '../base/index.ts'
import { findProgram } from '../engine/find-program.ts'
import { detectUserNamespace, type Host } from '../engine/host.ts'
import { unshareArguments } from '../engine/namespace.ts'

/**
 * Set in the environment of a command that was started again inside a user namespace, to keep it from doing so again.
 * Holds, as JSON, what the first command hands over.
 */
const reexecutedMark = 'LONGSHORE_NAMESPACE'

/** The host as this process sees it. */
export function processHost(): Host {
  const { [reexecutedMark]: mark, ...env } = process.env
  const inherited = parseInherited(mark)
  const startedMs = Number(inherited['startedMs'] ?? Date.now())
  const handedOver: Record<string, string> = { ...inherited, startedMs: String(startedMs) }
  return {
    env,
    cwd: process.cwd(),
    uid: process.getuid?.() ?? 0,
    pid: process.pid,
    // Less memory for a process that has little to do and stays for long.
    supervisorCommand: [
      process.execPath,
      '--max-semi-space-size=1',
      '--jitless',
      join(import.meta.dirname, 'supervisor.cjs'),
    ],
    digestProgram: join(import.meta.dirname, 'digest-process.cjs'),
    arch: process.arch,
    cpus: availableParallelism(),
    isReexecuted: mark !== undefined,
    inUserNamespace: detectUserNamespace(),
    startedMs,
    stdin: () => process.stdin,
    inherited,
    handOver(name, value) {
      handedOver[name] = value
    },
    nowMs: () => Date.now(),
    reexecute(mapping) {
      invariant(mark === undefined, 'still an ordinary user inside the user namespace')
      return again('unshare', unshareArguments(mapping), env, handedOver)
    },
    join(pid) {
      const user = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials']
      const words = ['--target', String(pid), '--mount', ...user, `--wd=${process.cwd()}`, '--']
      return again('nsenter', words, env, handedOver)
    },
  }
}

/** Becomes this command again, started by a program of util-linux. */
function again(
  name: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  handedOver: Readonly<Record<string, string>>,
): never {
  invariant(process.execve !== undefined, 'this Node has no process.execve')
  const program = findProgram(name, env['PATH'])
  invariant(program !== undefined, `${name} of util-linux is there`)
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const marked = { ...definedOnly(env), [reexecutedMark]: JSON.stringify(handedOver) }
  return process.execve(program, [name, ...words, ...command], marked)
}

function parseInherited(mark: string | undefined): Readonly<Record<string, string>> {
  const value: unknown = mark === undefined ? {} : JSON.parse(mark)
  invariant(typeof value === 'object' && value !== null, `${reexecutedMark} is for Longshore alone`)
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]))
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
