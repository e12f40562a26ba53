import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errorMessage, ToolError } from '../base/index.ts'
import { type Cgroup, openCgroup, parseUlimit, probeCgroups } from '../cgroup/index.ts'
import type { ConnectionState } from '../container/container-state.ts'
import { type HealthTimes, healthCommand, healthTimes } from '../container/health.ts'
import type { ContainerSpec, ContainerStore } from '../container/index.ts'
import { decodeConfig } from '../oci/index.ts'
import type { Sandbox, SandboxRun } from '../ports/index.ts'
import { openSandbox } from '../sandbox/index.ts'
import { openLasting, type View } from '../snapshot/index.ts'
import { openLayers } from '../store/layers.ts'
import { enterMountNamespace, MNT_DETACH, umount } from '../sys/index.ts'
import { type Connection, connectNetwork } from './connect-network.ts'
import { containerMounts } from './container-mounts.ts'
import { deviceRules } from './device-rules.ts'
import { otherNamespaces } from './other-namespaces.ts'
import type { ProcessStdio } from './process-stdio.ts'
import type { SupervisorSettings } from './settings.ts'

/** Where a container's processes are made: its root filesystem, mounted, and a sandbox. */
export interface Stage {
  /** What was asked for and could not be had, in words for the user. */
  readonly notes: readonly string[]
  readonly connection: ConnectionState
  readonly cgroup: Cgroup
  readonly hasOwnNetwork: boolean
  /** Resolves with why when the network is lost; else never. */
  readonly lost: Promise<string>
  /** How to look whether it is well. */
  readonly health: { readonly command: readonly string[]; readonly times: HealthTimes } | undefined
  start(stdio: ProcessStdio['stdio']): SandboxRun
  wasOomKilled(): boolean
  close(): Promise<void>
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
  // Before the isolation covers the hierarchies.
  // In a user namespace the kernel lets nobody open nodes that were made there.
  const isRestricted = !inUserNamespace && !spec.security.privileged
  const devices = isRestricted ? deviceRules(spec.security.devices) : undefined
  const cgroup = openCgroup(id, spec.limits, probeCgroups(!inUserNamespace), settings.pid, devices)
  const view = openLasting(
    { layersDirectory: layers.directory, overlay, workingDirectory: '/' },
    spec.layers.map((diffId) => layers.treeName(diffId)),
    store.path(id, 'layer', 'fs'),
    join(runDirectory, 'overlay'),
  )
  let connection: Connection | undefined
  try {
    connection = await connectNetwork(settings, store, spec, env)
    const sandbox = await openSandbox({
      ...(isolation === undefined ? {} : { isolation }),
      stateDirectory: join(runDirectory, 'sandbox'),
      ...{ env, inUserNamespace, probeCacheFile: join(root, 'cache', 'isolation.json') },
    })
    const health = healthOf(store, spec)
    const namespaces = otherNamespaces(store, spec, join(runDirectory, 'shm'))
    return stage(settings, sandbox, view, { runDirectory, spec, connection, cgroup, health, namespaces })
  } catch (error) {
    await connection?.network.close()
    view.unmount()
    await cgroup.remove()
    throw error
  }
}

interface StageParts extends Pick<Stage, 'cgroup' | 'health'> {
  readonly runDirectory: string
  readonly spec: ContainerSpec
  readonly connection: Connection
  readonly namespaces: ReturnType<typeof otherNamespaces>
}

/** A text to look by goes to the shell that the image's Dockerfile chose. */
function healthOf(store: ContainerStore, { id, healthcheck }: ContainerSpec): Stage['health'] {
  if (healthcheck === undefined) return undefined
  const { shell = ['/bin/sh', '-c'] } = decodeConfig(store.imageConfig(id)).config
  return { command: healthCommand(healthcheck, shell), times: healthTimes(healthcheck) }
}

function stage(
  { root }: SupervisorSettings,
  sandbox: Sandbox,
  view: View,
  { runDirectory, spec, connection, cgroup, health, namespaces }: StageParts,
): Stage {
  const { network, notes } = connection
  const scratch = join(runDirectory, 'scratch')
  const { namespace, hostsFile, resolvFile } = network
  const files = (['/etc/hosts', '/etc/resolv.conf'] as const).filter(
    (target) => !spec.mounts.some((mount) => mount.target === target),
  )
  const { shmSizeBytes } = spec.limits
  return {
    notes: [...notes, ...cgroup.notes],
    connection: { ports: network.ports, endpoints: network.endpoints },
    ...{ cgroup, health, hasOwnNetwork: namespace.kind !== 'host', lost: network.lost },
    wasOomKilled: () => cgroup.wasOomKilled(),
    start(stdio) {
      cgroup.forgetOom()
      rmSync(scratch, { recursive: true, force: true })
      mkdirSync(scratch, { mode: 0o700 })
      return sandbox.start({
        id: `longshore-${spec.id.slice(0, 12)}`,
        ...{ rootfs: view.root, scratch, args: spec.args, env: spec.env, cwd: spec.cwd, user: spec.user },
        hostname: spec.hostname,
        network: namespace.kind === 'path' ? 'prepared' : namespace.kind,
        mounts: [
          ...files.map((target) => ({
            ...({ kind: 'bind', target, readonly: false } as const),
            source: target === '/etc/hosts' ? hostsFile : resolvFile,
          })),
          ...containerMounts(root, view.root, spec.mounts),
        ],
        enter: (command) => entering(namespace, cgroup.enter(command)),
        rlimits: spec.limits.ulimits.map(parseUlimit),
        ...(shmSizeBytes === undefined ? {} : { shmSizeBytes }),
        ...namespaces,
        init: spec.init,
        devices: deviceRules(spec.security.devices),
        privileged: spec.security.privileged,
        confinement: spec.security,
        terminal: spec.terminal,
        stdio,
      })
    },
    async close() {
      await network.close()
      view.unmount()
      if (namespaces.ipcNamespace?.kind === 'path') umount(namespaces.ipcNamespace.shm, MNT_DETACH)
      await cgroup.remove()
      rmSync(runDirectory, { recursive: true, force: true })
    },
  }
}

/** nsenter(1) becomes the command, in the container's network namespace. */
function entering(namespace: Connection['network']['namespace'], command: readonly string[]): readonly string[] {
  return namespace.kind === 'path' ? ['nsenter', `--net=${namespace.path}`, '--', ...command] : command
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
