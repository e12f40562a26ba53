import { statSync } from 'node:fs'
import type { ResolvedUser } from '../base/index.ts'
import { envValue } from './container-env.ts'
import type { ContainerRoot } from './container-root.ts'

/** PATH of a process whose environment has none. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The program to execute, or why there is none: the exit code shells give (127, 126) and one line of words. */
export type CommandLookup = { readonly kind: 'found'; readonly path: string } | CommandFailure

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
    if (verdict === 'executable') return { kind: 'found', path }
    if (verdict === 'missing') return failed(127, `exec: ${quoted}: no such file or directory`)
    return failed(126, `exec: ${quoted}: ${verdict === 'directory' ? 'is a directory' : 'permission denied'}`)
  }
  let denied = false
  for (const folder of (envValue(env, 'PATH') ?? defaultPath).split(':')) {
    // A relative or empty entry means the working directory, as in a shell.
    const base = folder.startsWith('/') ? folder : `${cwd}/${folder}`
    const path = `${base.replace(/\/+$/, '')}/${command}`
    const verdict = command === '' ? 'missing' : examine(root, path, user)
    if (verdict === 'executable') return { kind: 'found', path }
    if (verdict === 'denied') denied = true
  }
  return denied
    ? failed(126, `exec: ${quoted}: permission denied`)
    : failed(127, `exec: ${quoted}: executable file not found in $PATH`)
}

function failed(exitCode: 126 | 127, message: string): CommandFailure {
  return { kind: 'failed', exitCode, message }
}

function examine(root: ContainerRoot, path: string, user: ResolvedUser): 'executable' | 'missing' | 'directory' | 'denied' {
  const found = root.find(path)
  if (found === undefined) return 'missing'
  if (found.isDirectory) return 'directory'
  const stat = statSync(`/proc/self/fd/${found.fd}`)
  const bits =
    user.uid === 0 ? 0o111 : stat.uid === user.uid ? 0o100 : stat.gid === user.gid || user.groups.includes(stat.gid) ? 0o010 : 0o001
  return stat.isFile() && (stat.mode & bits) !== 0 ? 'executable' : 'denied'
}

/**
 * Why execve(2) refused `path`, which is there and executable, with `errno` (ENOENT 2, ENOEXEC 8, EACCES 13 …): the
 * interpreter is missing, or the file is for another processor. Same shape as a failed lookup.
 */
export function explainExecFailure(root: ContainerRoot, command: string, path: string, errno: number): CommandFailure {
  const quoted = JSON.stringify(command)
  const head = Buffer.from(root.read(path, 4096) ?? [])
  if (errno === 2 || errno === 20) {
    const interpreter = interpreterOf(head)
    const reason = interpreter === undefined ? '' : `: its interpreter ${JSON.stringify(interpreter)} is not in the image`
    return failed(127, `exec: ${quoted}: no such file or directory${reason}`)
  }
  if (errno === 8) {
    const machine = elfMachine(head)
    const reason = machine === undefined ? 'it has neither a #! line nor the format of a program' : `it is a program for ${machine}`
    return failed(126, `exec: ${quoted}: exec format error: ${reason}`)
  }
  if (errno === 13) return failed(126, `exec: ${quoted}: permission denied`)
  if (errno === 7) return failed(126, `exec: ${quoted}: argument list too long`)
  return failed(126, `exec: ${quoted}: error ${errno}`)
}

/** The program a script's `#!` line or a dynamic executable's PT_INTERP names. */
function interpreterOf(head: Buffer): string | undefined {
  if (head.toString('latin1', 0, 2) === '#!') return /^#![ \t]*([^ \t\r\n]+\r?)/.exec(head.toString('utf8', 0, 256))?.[1]
  if (!isElf64(head)) return undefined
  const tableAt = Number(head.readBigUInt64LE(32))
  const [entrySize, count] = [head.readUInt16LE(54), head.readUInt16LE(56)]
  for (let index = 0; index < count; index++) {
    const at = tableAt + index * entrySize
    if (at + 56 > head.length) return undefined
    if (head.readUInt32LE(at) !== 3) continue
    const [from, size] = [Number(head.readBigUInt64LE(at + 8)), Number(head.readBigUInt64LE(at + 32))]
    return head.toString('utf8', from, from + size - 1)
  }
  return undefined
}

function isElf64(head: Buffer): boolean {
  return head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2 && head[5] === 1
}

const machineNames: Readonly<Record<number, string>> = {
  3: '386',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
}

/** The processor an ELF file is for, in the words of image platforms. */
function elfMachine(head: Buffer): string | undefined {
  if (head.length < 20 || head.readUInt32BE(0) !== 0x7f454c46) return undefined
  const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18)
  return machineNames[machine] ?? `machine ${machine}`
}
