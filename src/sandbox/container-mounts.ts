import { statSync } from 'node:fs'
import { posix } from 'node:path'
import { assertNever, errnoCode, errorMessage, ToolError } from '../base/index.ts'
import type { SandboxMount } from '../ports/index.ts'
import * as sys from '../sys/index.ts'
import type { ContainerRoot } from './container-root.ts'
import { readMountTable } from './mount-table.ts'

/**
 * Mounts `mount` inside the root, through the descriptor of its resolved target. Targets that are missing become
 * stubs. Throws `ToolError` `run-failed` when the source is missing or is no match for the target.
 */
export function mountInRoot(root: ContainerRoot, mount: SandboxMount): void {
  try {
    switch (mount.kind) {
      case 'bind':
        bind(root, mount)
        return
      case 'tmpfs':
        tmpfs(root, mount)
        return
      default:
        assertNever(mount)
    }
  } catch (error) {
    if (error instanceof ToolError) throw error
    throw new ToolError('run-failed', `cannot mount on ${JSON.stringify(mount.target)}: ${errorMessage(error)}`, {
      cause: error,
    })
  }
}

function bind(root: ContainerRoot, mount: Extract<SandboxMount, { kind: 'bind' }>): void {
  const source = statSync(mount.source, { throwIfNoEntry: false })
  if (source === undefined) {
    throw new ToolError(
      'run-failed',
      `cannot mount ${JSON.stringify(mount.source)} on ${JSON.stringify(mount.target)}: it does not exist`,
    )
  }
  const target = root.makeStub(mount.target, source.isDirectory() ? 'directory' : 'file')
  refuseKernelTarget(mount.target, target.real)
  if (target.isDirectory !== source.isDirectory()) {
    const [is, isNot] = source.isDirectory() ? ['directory', 'file'] : ['file', 'directory']
    throw new ToolError('run-failed', `cannot mount a ${is} on ${JSON.stringify(mount.target)}, which is a ${isNot}`)
  }
  sys.mount(mount.source, `/proc/self/fd/${target.fd}`, '', sys.MS_BIND | sys.MS_REC)
  if (mount.readonly) makeReadonly(root.hostPath + target.real)
}

function tmpfs(root: ContainerRoot, mount: Extract<SandboxMount, { kind: 'tmpfs' }>): void {
  const target = root.makeStub(mount.target, 'directory')
  refuseKernelTarget(mount.target, target.real)
  const options = [
    `mode=${(mount.mode ?? 0o1777).toString(8)}`,
    ...(mount.sizeBytes === undefined ? [] : [`size=${mount.sizeBytes}`]),
  ]
  sys.mount('tmpfs', `/proc/self/fd/${target.fd}`, 'tmpfs', sys.MS_NOSUID | sys.MS_NODEV, options.join(','))
}

/** True when the target is below /dev, which exists only once the isolation has made it. */
export function isDeviceMount(mount: SandboxMount): boolean {
  return posix.normalize(mount.target).startsWith('/dev/')
}

/** /, /proc, /sys and /dev are the container's own; what is mounted there beforehand would be covered by them. */
function refuseKernelTarget(asked: string, real: string): void {
  if (real !== '/' && real !== '/dev' && !/^\/(proc|sys)(\/|$)/.test(real)) return
  throw new ToolError(
    'not-supported',
    `cannot mount on ${JSON.stringify(asked)}: ${real} belongs to the container itself`,
    {
      hint: 'choose a target outside of /proc, /sys and /dev',
    },
  )
}

/** Flags that a remount must name again: the kernel refuses to drop them in a user namespace (mount_namespaces(7)). */
const keptFlags: Readonly<Record<string, number>> = {
  nosuid: sys.MS_NOSUID,
  nodev: sys.MS_NODEV,
  noexec: sys.MS_NOEXEC,
  noatime: 0x400,
  nodiratime: 0x800,
  relatime: 0x200000,
}

/** Makes the mount at `hostPath` and all below it read-only. */
export function makeReadonly(hostPath: string): void {
  for (const { mountPoint, options } of readMountTable()) {
    if (mountPoint !== hostPath && !mountPoint.startsWith(`${hostPath}/`)) continue
    const flags = options.reduce((sum, option) => sum | (keptFlags[option] ?? 0), 0)
    try {
      sys.mount('none', mountPoint, '', sys.MS_BIND | sys.MS_REMOUNT | sys.MS_RDONLY | flags)
    } catch (error) {
      // A mount below that another one covers cannot be reached by its path, from the container neither.
      const code = errnoCode(error)
      if (mountPoint === hostPath || (code !== 'EINVAL' && code !== 'ENOENT')) throw error
    }
  }
}
