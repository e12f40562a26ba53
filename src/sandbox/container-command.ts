import { readFileSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import type { ResolvedUser } from '../base/index.ts'
import type { SandboxMount } from '../ports/index.ts'
import { envValue } from './container-env.ts'
import type { ContainerRoot } from './container-root.ts'
import { type ProgramHead, parseProgramHead, readProgramHead } from './program-head.ts'

/** PATH of a process whose environment has none. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The program to execute, or why there is none: the exit code shells give (127, 126) and one line of words. */
export type CommandLookup =
  | { readonly kind: 'found'; readonly path: string; readonly execPath: string }
  | CommandFailure

export interface CommandFailure {
  readonly kind: 'failed'
  readonly exitCode: 126 | 127
  readonly message: string
}

/**
 * Finds `command` as execvp would inside the container: with a slash it is a path (from `cwd`), else PATH is searched.
 * One lookup for all isolations, so that they fail alike, and before a container is made.
 */
export function findCommand(
  root: ContainerRoot,
  command: string,
  env: readonly string[],
  cwd: string,
  user: ResolvedUser,
): CommandLookup {
  const quoted = JSON.stringify(command)
  if (command.includes('/')) {
    const path = command.startsWith('/') ? command : `${cwd === '/' ? '' : cwd}/${command}`
    const verdict = examine(root, path, user)
    if (verdict === 'executable') return checkInterpreter(root, command, path, command)
    if (verdict === 'missing') return failed(127, `exec: ${quoted}: no such file or directory`)
    return failed(126, `exec: ${quoted}: ${verdict === 'directory' ? 'is a directory' : 'permission denied'}`)
  }
  let denied = false
  for (const folder of (envValue(env, 'PATH') ?? defaultPath).split(':')) {
    // A relative or empty entry means the working directory, as in a shell.
    const base = folder.startsWith('/') ? folder : `${cwd}/${folder}`
    const path = `${base.replace(/\/+$/, '')}/${command}`
    const verdict = command === '' ? 'missing' : examine(root, path, user)
    if (verdict === 'executable') return checkInterpreter(root, command, path, path)
    if (verdict === 'denied') denied = true
  }
  return denied
    ? failed(126, `exec: ${quoted}: permission denied`)
    : failed(127, `exec: ${quoted}: executable file not found in $PATH`)
}

/**
 * A command that a bind mount below /dev will show: nothing of it is in the root yet, so it is looked at where it comes
 * from. Undefined for any other command.
 */
export function findMountedScript(
  root: ContainerRoot,
  command: string,
  deviceMounts: readonly SandboxMount[],
): CommandLookup | undefined {
  for (const mount of deviceMounts) {
    if (mount.kind !== 'bind' || !command.startsWith(`${mount.target}/`)) continue
    const head = readFileSync(mount.source + command.slice(mount.target.length))
    return requireInterpreter(root, parseProgramHead(head), command, { path: command, execPath: command })
  }
  return undefined
}

function failed(exitCode: 126 | 127, message: string): CommandFailure {
  return { kind: 'failed', exitCode, message }
}

function examine(
  root: ContainerRoot,
  path: string,
  user: ResolvedUser,
): 'executable' | 'missing' | 'directory' | 'denied' {
  const found = root.find(path)
  if (found === undefined) return 'missing'
  if (found.isDirectory) return 'directory'
  const stat = statSync(`/proc/self/fd/${found.fd}`)
  const bits =
    user.uid === 0
      ? 0o111
      : stat.uid === user.uid
        ? 0o100
        : stat.gid === user.gid || user.groups.includes(stat.gid)
          ? 0o010
          : 0o001
  return stat.isFile() && (stat.mode & bits) !== 0 ? 'executable' : 'denied'
}

/** A program whose interpreter is not there cannot be executed, and execve(2) would say that the program is missing. */
function checkInterpreter(root: ContainerRoot, command: string, path: string, execPath: string): CommandLookup {
  return requireInterpreter(root, readProgramHead(root, path), command, { path, execPath })
}

function requireInterpreter(
  root: ContainerRoot,
  { interpreter }: ProgramHead,
  command: string,
  found: { readonly path: string; readonly execPath: string },
): CommandLookup {
  // What lies below the kernel's own directories is not there before the container is made.
  const isChecked = interpreter !== undefined && /^\/(?!(proc|dev|sys)\/)/.test(interpreter)
  if (!isChecked || root.find(interpreter) !== undefined) return { kind: 'found', ...found }
  const reason = `its interpreter ${JSON.stringify(interpreter)} is not in the image`
  return failed(127, `exec: ${JSON.stringify(command)}: no such file or directory: ${reason}`)
}

/** Why execve(2) refused a program that was found, in the words and with the exit code of a failed lookup. */
export function explainExecFailure(root: ContainerRoot, command: string, path: string, errno: number): CommandFailure {
  const quoted = JSON.stringify(command)
  if (errno === constants.errno.ENOEXEC) {
    const { machine } = readProgramHead(root, path)
    const reason =
      machine === undefined ? 'it has neither a #! line nor the format of a program' : `it is a program for ${machine}`
    return failed(126, `exec: ${quoted}: exec format error: ${reason}`)
  }
  const words = execWords.find(([number]) => number === errno)?.[1] ?? `error ${errno}`
  const isMissing = errno === constants.errno.ENOENT || errno === constants.errno.ENOTDIR
  return failed(isMissing ? 127 : 126, `exec: ${quoted}: ${words}`)
}

const execWords: readonly (readonly [errno: number, words: string])[] = [
  [constants.errno.ENOENT, 'no such file or directory'],
  [constants.errno.ENOTDIR, 'no such file or directory'],
  [constants.errno.EACCES, 'permission denied'],
  [constants.errno.EPERM, 'operation not permitted'],
  [constants.errno.E2BIG, 'argument list too long'],
  [constants.errno.ETXTBSY, 'the file is being written'],
]
