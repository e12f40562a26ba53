import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { ToolError } from '../base/index.ts'
import * as sys from '../sys/index.ts'
import { mountDevices, stubName } from './builtin-devices.ts'
import { execScript, readonlyStageScript, stageFstab, stageScript } from './builtin-script.ts'
import { grantableCapabilities, mayNotSetGroups } from './capabilities.ts'
import { exitCodeOf } from './child-process.ts'
import { makeReadonly } from './container-mounts.ts'
import type { ChildExit, Container, ContainerExec, Engine, Launch, Outcome } from './engine.ts'
import { execMark, execStub } from './exec-stub.ts'
import { fileIdentity } from './host-processes.ts'
import { findTool, toolEnv } from './host-tools.ts'
import { initFor, initPath } from './init-program.ts'
import { quoteForShell } from './shell-quote.ts'
import { pidFile } from './state-directory.ts'

export interface BuiltinOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly inUserNamespace: boolean
  /** Processor, as Node names it. */
  readonly arch: string
}

/** The host programs the builtin isolation is made of; all belong to util-linux but sh. */
export const builtinTools = ['sh', 'mount', 'umount', 'setpriv', 'unshare', 'script', 'nsenter'] as const
type Tools = Readonly<Record<(typeof builtinTools)[number], string>>

/**
 * Isolation with nothing installed: namespaces by unshare(1), mounts by ourselves and mount(8), privileges given away by
 * setpriv(1). Same namespaces, capabilities and hidden paths as the runtimes give; no seccomp filter, for which no
 * tool exists. Throws `ToolError` `isolation-unavailable` when a tool is missing or the processor is unknown.
 */
export function builtinEngine(options: BuiltinOptions): Engine {
  const tools = findTools(options.env)
  const stub = execStub(options.arch)
  if (stub === undefined) {
    throw new ToolError('isolation-unavailable', `builtin isolation does not know the processor ${options.arch}`, {
      hint: 'install crun',
    })
  }
  return {
    isolation: 'builtin',
    prepare(container) {
      const { root, request } = container
      refuseUnable(request)
      root.makeLasting('/proc')
      mountSys(container, options.inUserNamespace)
      mountDevices(container, stub, request.init === true ? initFor(options.arch) : undefined)
      writeFileSync(join(request.scratch, 'fstab'), stageFstab(root.hostPath, request, options.inUserNamespace))
      return launch(container, tools, options)
    },
    prepareExec: (exec) => launchExec(exec, tools, options),
  }
}

/** Two capabilities are needed to become the program; settings of a namespace that is not the container's are the machine's. */
function refuseUnable({ confinement, privileged, network, ipcNamespace }: Container['request']): void {
  const granted = grantableCapabilities(privileged, confinement)
  const needed = ['CAP_SYS_CHROOT', 'CAP_SETUID'].find((name) => !granted.includes(name))
  if (needed !== undefined) {
    throw new ToolError('not-supported', `the built-in isolation cannot take ${needed} away`, {
      hint: 'install crun, which can: apt-get install crun',
    })
  }
  for (const name of Object.keys(confinement?.sysctls ?? {})) {
    const flag = name.startsWith('net.') ? '--network' : '--ipc'
    const isShared = flag === '--network' ? network === 'host' : ipcNamespace !== undefined
    if (!isShared) continue
    throw new ToolError('not-supported', `--sysctl ${name} would change more than this container`, {
      hint: `it is of a namespace that others have too: leave ${flag} out, or the setting`,
    })
  }
}

function findTools(env: BuiltinOptions['env']): Tools {
  const missing: string[] = []
  const find = (name: string): string => {
    const path = findTool(env, name)
    if (path === undefined) missing.push(name)
    return path ?? ''
  }
  const [sh, mount, umount] = [find('sh'), find('mount'), find('umount')]
  const [setpriv, unshare, script] = [find('setpriv'), find('unshare'), find('script')]
  const nsenter = find('nsenter')
  if (missing.length === 0) return { sh, mount, umount, setpriv, unshare, script, nsenter }
  throw new ToolError(
    'isolation-unavailable',
    `builtin isolation needs ${missing.join(', ')}, which this machine lacks`,
    {
      hint: 'install util-linux (and bsdutils on Debian, util-linux-misc on Alpine), or crun',
    },
  )
}

/** With the host's network, /sys is the host's, read-only; otherwise the script mounts that of the new network namespace. */
function mountSys(container: Container, inUserNamespace: boolean): void {
  const { root, request } = container
  const target = root.makeLasting('/sys')
  if (request.network !== 'host') return
  if (inUserNamespace) {
    // The kernel gives sysfs only to the owner of the network namespace.
    sys.mount('/sys', `/proc/self/fd/${target.fd}`, '', sys.MS_BIND | sys.MS_REC)
    if (request.privileged !== true) makeReadonly(`${root.hostPath}/sys`)
    return
  }
  const flags = (request.privileged === true ? 0 : sys.MS_RDONLY) | sys.MS_NOSUID | sys.MS_NODEV | sys.MS_NOEXEC
  sys.mount('sysfs', `/proc/self/fd/${target.fd}`, 'sysfs', flags)
}

function launch(container: Container, tools: Tools, options: BuiltinOptions): Launch {
  const { request, root } = container
  const { sh, mount, umount, setpriv, unshare, nsenter } = tools
  const { pidNamespace, ipcNamespace } = request
  const hostname = findTool(options.env, 'hostname') ?? ''
  const namespaces = [
    ...['--mount', ...(pidNamespace === undefined ? ['--pid'] : []), '--fork', '--kill-child'],
    ...[...(ipcNamespace === undefined ? ['--ipc'] : []), '--uts'],
  ]
  const joined = [
    ...(pidNamespace?.kind === 'path' ? [`--pid=${pidNamespace.path}`] : []),
    ...(ipcNamespace?.kind === 'path' ? [`--ipc=${ipcNamespace.path}`] : []),
  ]
  writeFileSync(join(request.scratch, 'command'), surroundings(request) + commandFile(container, tools), {
    mode: 0o600,
  })
  const contained = [
    ...(joined.length === 0 ? [] : [nsenter, ...joined, '--no-fork', '--']),
    ...[unshare, ...namespaces, ...(request.network === 'none' ? ['--net'] : []), '--'],
    ...[
      sh,
      '-c',
      request.confinement?.readonlyRoot === true ? readonlyStageScript : stageScript,
      'sandbox',
      root.hostPath,
      join(request.scratch, 'fstab'),
      request.hostname,
      request.network,
    ],
    ...[join(container.state, pidFile), mount, umount, hostname, Object.values(tools).join(':')],
    join(request.scratch, 'command'),
  ]
  const command = request.terminal ? onTerminal(container, tools, contained) : contained
  return {
    file: setpriv,
    args: ['--pdeathsig', 'KILL', ...command],
    env: toolEnv(options.env),
    statusPipe: true,
    tools: [...Object.values(tools), `${root.hostPath}/dev/${stubName}`].map(fileIdentity),
    passesTerminalSize: true,
    outcome,
    afterKill: () => undefined,
  }
}

/**
 * Joins what the container's first process has. In its mount namespace no tool of the host is found any more, so the root directory
 * stays the host's, which nsenter(1) opens before it enters, until the last of them has changed it to that of the first process.
 */
function launchExec(exec: ContainerExec, tools: Tools, options: BuiltinOptions): Launch {
  const { container, init, state } = exec
  const { sh, setpriv, nsenter } = tools
  const command = join(state, 'command')
  const { confinement } = container.request
  const request = { ...exec.request, ...(confinement === undefined ? {} : { confinement }) }
  writeFileSync(command, commandFile({ ...exec, request }, tools), { mode: 0o600 })
  const namespaces = [
    '--mount',
    '--root=/',
    '--wd=/',
    '--pid',
    '--ipc',
    '--uts',
    ...(container.request.network === 'host' ? [] : ['--net']),
  ]
  const contained = [
    ...[nsenter, '--target', String(init), ...namespaces, '--'],
    ...[sh, '-c', execScript, 'exec', `/proc/${init}/root`, join(state, pidFile), command],
  ]
  const line = request.terminal ? onTerminal(container, tools, contained) : contained
  return {
    file: setpriv,
    args: ['--pdeathsig', 'KILL', ...line],
    env: toolEnv(options.env),
    statusPipe: true,
    tools: [...Object.values(tools), `${container.root.hostPath}/dev/${stubName}`].map(fileIdentity),
    passesTerminalSize: true,
    outcome,
    afterKill: () => undefined,
  }
}

/**
 * What a launch becomes in the end, as a shell command that sets its arguments. In a file of ours alone: anybody on the
 * machine may read the arguments of a process, and the environment among these may hold secrets.
 */
function commandFile(process: StartedProcess, tools: Tools): string {
  const { cwd, user, env, execPath, request } = process
  const words = [
    ...leastPrivilege(process, tools.setpriv),
    ...[tools.unshare, '--root=.', `--wd=${cwd}`, `--setuid=${user.uid}`, '--'],
    ...[`/dev/${stubName}`, ...env, '', ...(request.init === true ? [initPath, initPath, execPath] : [execPath])],
    ...request.args,
  ]
  return `set -- ${words.map(quoteForShell).join(' ')}\n`
}

/** A setting's file: `a.b`, or `a/b` where a name has a dot in it (sysctl(8)). */
function sysctlPath(name: string): string {
  return name.includes('/') ? name : name.replaceAll('.', '/')
}

/** What is otherwise for the container than it would be, as shell commands. */
function surroundings({ umask, nextPid, confinement }: Container['request']): string {
  return [
    // As with the next one: /proc/sys shows the namespaces of whoever looks.
    ...Object.entries(confinement?.sysctls ?? {}).map(
      ([name, value]) => `echo ${quoteForShell(value)} >/proc/sys/${quoteForShell(sysctlPath(name))}\n`,
    ),
    ...(umask === undefined ? [] : [`umask ${umask.toString(8).padStart(3, '0')}\n`]),
    // /proc is still the host's here, but the kernel goes by the namespace of whoever writes.
    ...(nextPid === undefined ? [] : [`echo ${nextPid - 1} >/proc/sys/kernel/ns_last_pid\n`]),
  ].join('')
}

/** The first process of a container, or a further one. */
interface StartedProcess extends Pick<Container, 'cwd' | 'user' | 'env' | 'execPath'> {
  readonly request: Pick<Container['request'], 'args' | 'privileged' | 'confinement' | 'init'>
}

/** Capabilities down to the default set, inheritable ones none, groups of the user. The uid changes last, after chroot. */
function leastPrivilege({ user, request }: StartedProcess, setpriv: string): readonly string[] {
  const { gid, groups } = user
  const names = grantableCapabilities(request.privileged, request.confinement).map(
    (name) => `+${name.slice('CAP_'.length).toLowerCase()}`,
  )
  const groupOption = mayNotSetGroups() ? ['--keep-groups'] : ['--groups', groups.join(',')]
  return [
    setpriv,
    '--inh-caps=-all',
    `--bounding-set=-all,${names.join(',')}`,
    '--regid',
    String(gid),
    ...groupOption,
    ...(request.confinement?.noNewPrivileges === true ? ['--no-new-privs'] : []),
    '--',
  ]
}

/**
 * Runs `command` on a pseudo terminal of the container's own devpts: it is shown at the host's /dev in a further mount
 * namespace, where script(1) opens it, and passes the caller's terminal through: raw mode, size and its changes.
 */
function onTerminal(container: Container, tools: Tools, command: readonly string[]): readonly string[] {
  const pts = `${container.root.hostPath}/dev/pts`
  const text = `set -eu
mount=$1 pts=$2 script=$3 command=$4
"$mount" -n --bind "$pts" /dev/pts
"$mount" -n --bind "$pts/ptmx" /dev/ptmx
exec "$script" -q -e -c "$command" /dev/null
`
  const inner = `exec 4>&2 2>&3; exec ${command.map(quoteForShell).join(' ')}`
  return [tools.unshare, '--mount', '--', tools.sh, '-c', text, 'terminal', tools.mount, pts, tools.script, inner]
}

/** Reads the status pipe: complaints of tools, then the stub's mark once the program was reached, then perhaps an errno. */
function outcome(exit: ChildExit): Outcome {
  const { status } = exit
  const at = status.indexOf(execMark)
  if (at < 0) {
    const words = Buffer.from(status).toString('utf8').trim()
    return { kind: 'not-made', reason: words || `the isolation's tools ended with ${exit.signal ?? exit.code}` }
  }
  const rest = status.subarray(at + 1)
  const [errno] = rest
  if (errno !== undefined && rest.length === 1) return { kind: 'not-executed', errno }
  // unshare(1) ends as its child did, but before util-linux 2.40 only complains when that was by SIGKILL.
  return { kind: 'exited', exitCode: rest.length > 1 ? 128 + constants.signals.SIGKILL : exitCodeOf(exit) }
}
