import { closeSync, existsSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ToolError } from '../base/index.ts'
import { type ContainerSpec, isActive } from '../container/index.ts'
import type { OverlayXattrs } from '../ports/index.ts'
import { openLasting, openView, type View } from '../snapshot/index.ts'
import { tryLock } from '../sys/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { called } from './control-container.ts'
import { overlayXattrs } from './host.ts'
import { enterNamespace } from './namespace.ts'

/** A container's root filesystem as files of this machine, in a mount namespace where it can be seen. */
export interface ContainerFiles {
  readonly root: string
  readonly overlay: OverlayXattrs
  /** A container runs in it, and may change it at any moment. */
  readonly isLive: boolean
  /** A directory for what is made meanwhile. */
  readonly scratch: string
  close(): void
}

/**
 * Opens the files of a container. Those of one that runs are seen where its supervisor has mounted them, with its volumes; those
 * of another are mounted, to `read` its own files alone, to `write` with its volumes. As a user this starts the command anew.
 */
export async function openContainerFiles(
  room: ContainerRoom,
  id: string,
  access: 'read' | 'write',
): Promise<ContainerFiles> {
  const { containers, host, store } = room
  const state = containers.state(id)
  const overlay = overlayXattrs(host)
  if (isActive(state) && state.supervisor !== undefined) {
    if (host.inherited['joined'] !== id) {
      host.handOver('joined', id)
      host.join(state.supervisor.pid)
    }
    const scratch = containers.path(id, 'run')
    return {
      root: containers.path(id, 'run', 'overlay', 'root'),
      overlay,
      isLive: true,
      scratch,
      close: () => undefined,
    }
  }
  await enterNamespace(host, store)
  return mountStopped(room, id, access)
}

async function mountStopped(room: ContainerRoom, id: string, access: 'read' | 'write'): Promise<ContainerFiles> {
  const { containers, host } = room
  const overlay = overlayXattrs(host)
  const lock = openSync(containers.path(id, 'lock'), 'a', 0o600)
  const directory = containers.path(id, 'files')
  try {
    if (!tryLock(lock, 'exclusive')) throw busy(called(room, id))
    const view = mountLayers(room, containers.spec(id), directory, access)
    const undo = access === 'read' ? () => undefined : await mountVolumes(room, containers.spec(id), view.root)
    const close = (): void => {
      undo()
      view.unmount()
      rmSync(directory, { recursive: true, force: true })
      closeSync(lock)
    }
    return { root: view.root, overlay, isLive: false, scratch: directory, close }
  } catch (error) {
    closeSync(lock)
    throw error
  }
}

function mountLayers(room: ContainerRoom, spec: ContainerSpec, directory: string, access: 'read' | 'write'): View {
  const { containers, host, store } = room
  const settings = { layersDirectory: store.layers.directory, overlay: overlayXattrs(host), workingDirectory: host.cwd }
  const lowers = spec.layers.map((diffId) => store.layers.treeName(diffId))
  if (access === 'write') return openLasting(settings, lowers, containers.path(spec.id, 'layer', 'fs'), directory)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { mode: 0o700 })
  return openView(settings, [...lowers, join('..', 'containers', spec.id, 'layer', 'fs')], directory)
}

/** Volumes and directories of this machine are seen in a container that does not run, too; its memory is gone. */
async function mountVolumes(room: ContainerRoom, spec: ContainerSpec, rootfs: string): Promise<() => void> {
  const mounts = spec.mounts.filter((mount) => mount.kind !== 'tmpfs')
  if (mounts.length === 0) return () => undefined
  const [{ ContainerRoot }, { mountInRoot }] = await Promise.all([
    import('../sandbox/container-root.ts'),
    import('../sandbox/container-mounts.ts'),
  ])
  const root = new ContainerRoot(rootfs)
  for (const mount of mounts) {
    const source = mount.kind === 'bind' ? mount.source : join(room.store.root, 'volumes', mount.name, '_data')
    // What is gone from this machine is not in the way of the rest.
    if (!existsSync(source)) continue
    mountInRoot(root, { kind: 'bind', source, target: mount.target, readonly: mount.readonly })
  }
  return () => root.close()
}

function busy(name: string): ToolError {
  return new ToolError('container-failed', `another command works on the container ${name}`, {
    hint: 'try again when that is done',
  })
}
