import { spawnSync } from 'node:child_process'
import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { assertNever, errorMessage, ToolError } from '../base/index.ts'
import type { MountSpec } from '../container/index.ts'
import type { SandboxMount } from '../ports/index.ts'
import { resolveInRoot } from '../snapshot/index.ts'

/** The mounts of a container as the sandbox makes them; volumes that are empty are filled from the image at `rootfs`. */
export function containerMounts(root: string, rootfs: string, mounts: readonly MountSpec[]): readonly SandboxMount[] {
  return mounts.map((mount) => {
    switch (mount.kind) {
      case 'bind':
        return requireSource(mount)
      case 'tmpfs':
        return mount
      case 'volume':
        return volumeMount(root, rootfs, mount)
      default:
        return assertNever(mount)
    }
  })
}

function requireSource(mount: Extract<MountSpec, { kind: 'bind' }>): SandboxMount {
  if (statSync(mount.source, { throwIfNoEntry: false }) !== undefined) return mount
  throw new ToolError('run-failed', `cannot mount "${mount.source}" on "${mount.target}": it does not exist`, {
    hint: 'make it again, or remove the container and run it with another source',
  })
}

function volumeMount(root: string, rootfs: string, mount: Extract<MountSpec, { kind: 'volume' }>): SandboxMount {
  const source = join(root, 'volumes', mount.name, '_data')
  if (!existsSync(source)) {
    if (!existsSync(join(root, 'volumes', mount.name))) {
      throw new ToolError('run-failed', `the volume "${mount.name}" is gone`, {
        hint: `make it again: longshore volume create ${mount.name}`,
      })
    }
    mkdirSync(source, { mode: 0o755 })
  }
  if (mount.copy && readdirSync(source).length === 0) copyUp(rootfs, mount.target, source)
  return { kind: 'bind', source, target: mount.target, readonly: mount.readonly }
}

/**
 * Copies what the image has at `target` with owners, modes, times and attributes, the directory's own too. Only what is there:
 * nothing is ever written outside of the volume, for links are copied as links.
 */
function copyUp(rootfs: string, target: string, volume: string): void {
  const found = resolveInRoot(rootfs, target)
  if (found === undefined) return
  const path = join(rootfs, found)
  if (!statSync(path).isDirectory()) return
  const from = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  const to = openSync(volume, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const { status, stderr, error } = spawnSync('cp', ['-a', '/proc/self/fd/3/.', '/proc/self/fd/4/'], {
      stdio: ['ignore', 'ignore', 'pipe', from, to],
      encoding: 'utf8',
      cwd: '/',
    })
    if (status === 0) return
    throw new ToolError(
      'run-failed',
      `cannot fill the volume for "${target}": ${error ? errorMessage(error) : stderr}`,
      {
        hint: 'see whether the disk is full; :nocopy after the target leaves the volume empty',
      },
    )
  } finally {
    closeSync(from)
    closeSync(to)
  }
}
