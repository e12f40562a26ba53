import { existsSync } from 'node:fs'
import type { OtherNamespace } from '../ports/index.ts'
import * as sys from '../sys/index.ts'
import { grantableCapabilities, isGroupMapped, mayNotSetGroups } from './capabilities.ts'
import { envValue } from './container-env.ts'
import type { Container, ContainerExec } from './engine.ts'
import { maskedPaths, readonlyPaths } from './hidden-paths.ts'
import { initPath } from './init-program.ts'
import { seccompProfile } from './seccomp-profile.ts'

interface SpecMount {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

interface SpecOptions {
  readonly isolation: 'crun' | 'runc'
  readonly inUserNamespace: boolean
  /** Processor, as Node names it. */
  readonly arch: string
}

/**
 * The runtime configuration (config.json, OCI runtime-spec 1.0) of a container. What could be mounted beforehand is in
 * the root already. No rlimits: raising them fails where the caller lacks CAP_SYS_RESOURCE.
 */
export function runtimeSpec(container: Container, { isolation, inUserNamespace, arch }: SpecOptions): object {
  const { request, root } = container
  const privileged = request.privileged === true
  const { confinement } = request
  // The filter refuses what a container without CAP_SYS_ADMIN may not do anyway; with it, its calls are asked for.
  const mayAll = ['ALL', 'CAP_SYS_ADMIN'].some((name) => confinement?.capAdd.includes(name))
  const isOpen = privileged || confinement?.seccomp === 'unconfined' || mayAll
  const seccomp = isOpen ? undefined : seccompProfile(arch)
  const own = ['mount', 'uts', 'cgroup', ...(request.network === 'none' ? ['network'] : [])]
  const namespaces = [
    ...own.map((type) => ({ type })),
    ...namespaceOf('pid', request.pidNamespace),
    ...namespaceOf('ipc', request.ipcNamespace),
  ]
  return {
    ociVersion: '1.0.2',
    process: { ...processSpec(container, container.request), ...withInit(container) },
    root: { path: root.hostPath, readonly: confinement?.readonlyRoot === true },
    hostname: request.hostname,
    ...(request.nextPid === undefined ? {} : { hooks: { createContainer: [pidHook(request.nextPid)] } }),
    mounts: [...kernelMounts(request, inUserNamespace, privileged), ...container.deviceMounts.map(deviceMount)],
    linux: {
      namespaces,
      ...(privileged ? {} : { maskedPaths, readonlyPaths }),
      ...(isolation === 'runc' && !inUserNamespace ? ownDevices(request) : {}),
      ...(seccomp === undefined ? {} : { seccomp }),
      ...(confinement === undefined ? {} : { sysctl: confinement.sysctls }),
    },
  }
}

function namespaceOf(type: 'pid' | 'ipc', other: OtherNamespace | undefined): readonly object[] {
  if (other === undefined) return [{ type }]
  return other.kind === 'host' ? [] : [{ type, path: other.path }]
}

function withInit({ request, execPath }: Container): object {
  return request.init === true ? { args: [initPath, execPath, ...request.args] } : {}
}

/** runc makes a control group of its own, in which it allows a list of its own. */
function ownDevices({ privileged, devices = [] }: Container['request']): object {
  if (privileged === true) return { resources: { devices: [{ allow: true, access: 'rwm' }] } }
  const allowed = devices.map(({ kind, major, minor, read, write }) => ({
    ...{ allow: true, type: kind === 'char' ? 'c' : 'b', major, access: `${read ? 'r' : ''}${write ? 'w' : ''}m` },
    ...(minor === undefined ? {} : { minor }),
  }))
  return allowed.length === 0 ? {} : { resources: { devices: allowed } }
}

/** The kernel counts processes of the namespace of whoever writes this, which is the container's already. */
function pidHook(nextPid: number): object {
  return { path: '/bin/sh', args: ['sh', '-c', `echo ${nextPid - 1} >/proc/sys/kernel/ns_last_pid`] }
}

/** The configuration of a further process, as `exec --process` reads it. */
export function execProcessSpec(exec: ContainerExec): object {
  const { rlimits, confinement } = exec.container.request
  const same = {
    ...(rlimits === undefined ? {} : { rlimits }),
    ...(confinement === undefined ? {} : { confinement }),
  }
  return processSpec(exec, { ...exec.request, ...same })
}

function processSpec(
  { user, env, program, cwd }: Pick<Container, 'user' | 'env' | 'program' | 'cwd'>,
  request: Pick<
    Container['request'],
    'args' | 'terminal' | 'stdio' | 'privileged' | 'rlimits' | 'confinement' | 'umask'
  >,
): object {
  const granted = grantableCapabilities(request.privileged, request.confinement)
  // Given from the start: crun passes on only the changes of a size.
  const size = request.terminal ? sys.terminalSize(request.stdio.kind === 'terminal' ? request.stdio.fd : 0) : undefined
  const effective = user.uid === 0 ? granted : []
  return {
    terminal: request.terminal,
    ...(size === undefined ? {} : { consoleSize: { height: size.rows, width: size.columns } }),
    user: {
      uid: user.uid,
      gid: user.gid,
      umask: request.umask ?? 0o022,
      ...(mayNotSetGroups() ? {} : { additionalGids: user.groups }),
    },
    // A runtime searches PATH by itself; without one it finds less than we do.
    args: envValue(env, 'PATH') === undefined ? [program, ...request.args.slice(1)] : request.args,
    env,
    cwd,
    capabilities: { bounding: granted, effective, permitted: effective, inheritable: [], ambient: [] },
    noNewPrivileges: request.confinement?.noNewPrivileges === true,
    ...rlimitsOf(request),
  }
}

/** "No limit" is 2^64 - 1 to a runtime, which is no number of JSON's here; 2^63 is above any count there can be. */
function rlimitsOf({ rlimits = [] }: Pick<Container['request'], 'rlimits'>): object {
  const value = (limit: number): number => (limit < 0 ? 2 ** 63 : limit)
  return rlimits.length === 0
    ? {}
    : { rlimits: rlimits.map(({ type, soft, hard }) => ({ type, soft: value(soft), hard: value(hard) })) }
}

function kernelMounts(
  { network, shmSizeBytes = 64 * 2 ** 20, pidNamespace, ipcNamespace }: Container['request'],
  inUserNamespace: boolean,
  privileged: boolean,
): readonly SpecMount[] {
  const sysMode = privileged ? 'rw' : 'ro'
  const quiet = ['nosuid', 'noexec', 'nodev']
  const ttyGroup = isGroupMapped(5) ? ['gid=5'] : []
  const mount = (destination: string, type: string, source: string, options: readonly string[]): SpecMount => ({
    destination,
    type,
    source,
    options,
  })
  return [
    // Nor does it give procfs of namespaces that are not the user's.
    inUserNamespace && pidNamespace?.kind === 'host'
      ? mount('/proc', 'none', '/proc', ['rbind', ...quiet])
      : mount('/proc', 'proc', 'proc', quiet),
    mount('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    mount('/dev/pts', 'devpts', 'devpts', [
      'nosuid',
      'noexec',
      'newinstance',
      'ptmxmode=0666',
      'mode=0620',
      ...ttyGroup,
    ]),
    ipcNamespace === undefined
      ? mount('/dev/shm', 'tmpfs', 'shm', [...quiet, 'mode=1777', `size=${shmSizeBytes}`])
      : mount('/dev/shm', 'none', ipcNamespace.shm, ['rbind', ...quiet]),
    ...(inUserNamespace && ipcNamespace?.kind === 'host'
      ? // Some machines have none.
        ['/dev/mqueue'].filter((path) => existsSync(path)).map((path) => mount(path, 'none', path, ['rbind', ...quiet]))
      : [mount('/dev/mqueue', 'mqueue', 'mqueue', quiet)]),
    // The kernel gives sysfs only to the owner of the network namespace.
    inUserNamespace && network === 'host'
      ? mount('/sys', 'none', '/sys', ['rbind', ...quiet, sysMode])
      : mount('/sys', 'sysfs', 'sysfs', [...quiet, sysMode]),
  ]
}

function deviceMount(mount: Container['deviceMounts'][number]): SpecMount {
  if (mount.kind === 'bind') {
    const options = ['rbind', mount.readonly ? 'ro' : 'rw']
    return { destination: mount.target, type: 'bind', source: mount.source, options }
  }
  const size = mount.sizeBytes === undefined ? [] : [`size=${mount.sizeBytes}`]
  const options = ['nosuid', 'nodev', `mode=${(mount.mode ?? 0o1777).toString(8)}`, ...size]
  return { destination: mount.target, type: 'tmpfs', source: 'tmpfs', options }
}
