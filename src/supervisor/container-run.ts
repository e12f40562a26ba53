import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errorMessage, ToolError } from '../base/index.ts'
import type { ContainerSpec, ContainerStore } from '../container/index.ts'
import type { Sandbox, SandboxRun } from '../ports/index.ts'
import { openSandbox } from '../sandbox/index.ts'
import { openLasting, type View } from '../snapshot/index.ts'
import { openLayers } from '../store/layers.ts'
import { enterMountNamespace } from '../sys/index.ts'
import { containerMounts } from './container-mounts.ts'
import type { ProcessStdio } from './process-stdio.ts'
import type { SupervisorSettings } from './settings.ts'

/** Where a container's processes are made: its root filesystem, mounted, and a sandbox. */
export interface Stage {
  start(stdio: ProcessStdio['stdio']): SandboxRun
  close(): void
}

/**
 * Mounts the container's root filesystem in a mount namespace of this process's own and opens a sandbox. Throws
 * `ToolError`; nothing is mounted then.
 */
export async function openStage(
  settings: SupervisorSettings,
  store: ContainerStore,
  spec: ContainerSpec,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Stage> {
  enter()
  const { root, id, overlay, inUserNamespace } = settings
  const layers = openLayers(root)
  const isolation = settings.isolation ?? spec.isolation
  const runDirectory = store.path(id, 'run')
  rmSync(runDirectory, { recursive: true, force: true })
  mkdirSync(runDirectory, { mode: 0o700 })
  const view = openLasting(
    { layersDirectory: layers.directory, overlay, workingDirectory: '/' },
    spec.layers.map((diffId) => layers.treeName(diffId)),
    store.path(id, 'layer', 'fs'),
    join(runDirectory, 'overlay'),
  )
  try {
    const sandbox = await openSandbox({
      ...(isolation === undefined ? {} : { isolation }),
      stateDirectory: join(runDirectory, 'sandbox'),
      ...{ env, inUserNamespace, probeCacheFile: join(root, 'cache', 'isolation.json') },
    })
    return stage(settings, sandbox, view, runDirectory, spec)
  } catch (error) {
    view.unmount()
    throw error
  }
}

function stage(
  { root }: SupervisorSettings,
  sandbox: Sandbox,
  view: View,
  runDirectory: string,
  spec: ContainerSpec,
): Stage {
  const scratch = join(runDirectory, 'scratch')
  return {
    start(stdio) {
      rmSync(scratch, { recursive: true, force: true })
      mkdirSync(scratch, { mode: 0o700 })
      return sandbox.start({
        id: `longshore-${spec.id.slice(0, 12)}`,
        ...{ rootfs: view.root, scratch, args: spec.args, env: spec.env, cwd: spec.cwd, user: spec.user },
        hostname: spec.hostname,
        network: spec.network.mode === 'none' ? 'none' : 'host',
        mounts: containerMounts(root, view.root, spec.mounts),
        privileged: spec.security.privileged,
        terminal: spec.terminal,
        stdio,
      })
    },
    close() {
      view.unmount()
      rmSync(runDirectory, { recursive: true, force: true })
    },
  }
}

function enter(): void {
  try {
    enterMountNamespace()
  } catch (error) {
    throw new ToolError('isolation-unavailable', `cannot make a mount namespace: ${errorMessage(error)}`, {
      hint: 'run as root with CAP_SYS_ADMIN, or as an ordinary user who may make user namespaces',
      cause: error,
    })
  }
}
