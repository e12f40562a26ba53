import { statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import {
  type ContainerOptions,
  containerProcess,
  lockName,
  parseVolume,
  randomContainerId,
} from '../container/index.ts'
import { hostPlatform } from '../oci/index.ts'
import type { Isolation, SandboxMount, SandboxRun, StoredImage } from '../ports/index.ts'
import { openWorkspace } from '../snapshot/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { imagePort } from './images.ts'
import { leaseLayers } from './lease-layers.ts'
import { enterNamespace } from './namespace.ts'
import { lazyRegistry } from './registry-client.ts'
import { findStored } from './stored-images.ts'
import { openWorkshop, type Workshop } from './workshop.ts'

/** A container to run in the foreground. */
export interface RunRequest extends ContainerOptions {
  readonly image: string
  readonly name?: string
  readonly volumes: readonly string[]
  readonly network: 'host' | 'none'
  readonly interactive: boolean
  readonly terminal: boolean
  readonly isolation?: Isolation
  readonly root?: string
}

/**
 * Runs a container on the caller's own stdin, stdout and stderr and returns its exit code. Its writable layer is gone
 * when it ends. `onStart` gets the running container, to send it signals. As a user this starts the command anew first.
 */
export async function runContainer(
  request: RunRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
  onStart: (run: SandboxRun) => void,
): Promise<number> {
  const store = openStore(storeRoot(host, request.root))
  const mounts = request.volumes.map((text) => checkedVolume(text, host))
  await enterNamespace(host, store)
  const isolation = request.isolation === undefined ? {} : { isolation: request.isolation }
  const workshop = openWorkshop({
    ...{ store, host, contextDirectory: '/', network: request.network, emit, secrets: {}, agents: {} },
    ...isolation,
  })
  try {
    return await runIn(workshop, store, mounts, request, host, emit, signal, onStart)
  } finally {
    await workshop.close()
  }
}

async function runIn(
  workshop: Workshop,
  store: Store,
  mounts: readonly SandboxMount[],
  request: RunRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
  onStart: (run: SandboxRun) => void,
): Promise<number> {
  const image =
    findStored(store, request.image, undefined) ?? (await pull(workshop, store, request.image, host, emit, signal))
  const id = randomContainerId()
  const process = containerProcess(image.config.config, request, id)
  const lock = lockName(join(store.root, 'containers'), request.name ?? `longshore-${id}`)
  try {
    const directory = workshop.session.makeDirectory('container')
    leaseLayers(store, workshop.session, image.layers)
    const lowers = image.layers.map((layer) => store.layers.treeName(layer.diffId))
    const workspace = openWorkspace(workshop.snapshots, lowers, directory)
    try {
      const sandbox = await workshop.sandbox()
      const run = sandbox.start({
        id: `longshore-${id}`,
        rootfs: workspace.root,
        scratch: directory,
        ...process,
        hostname: id,
        network: request.network,
        mounts,
        terminal: request.terminal,
        stdio: { kind: 'inherit', stdin: request.interactive },
        signal,
      })
      onStart(run)
      return (await run.done).exitCode
    } finally {
      workspace.unmount()
    }
  } finally {
    lock.release()
  }
}

async function pull(
  workshop: Workshop,
  store: Store,
  reference: string,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<StoredImage> {
  const registry = lazyRegistry(host)
  const images = imagePort({
    store,
    overlay: overlayXattrs(host),
    refresh: false,
    registry: () => registry.client(),
    session: () => workshop.session,
    signal,
    emit,
    nowMs: () => host.nowMs(),
  })
  try {
    return await images.pull(reference, hostPlatform(host.arch))
  } finally {
    await registry.close()
  }
}

function checkedVolume(text: string, host: Host): SandboxMount {
  const mount = parseVolume(text, (path) => (isAbsolute(path) ? path : join(host.cwd, path)))
  if (mount.kind === 'bind' && statSync(mount.source, { throwIfNoEntry: false }) === undefined) {
    throw new ToolError('usage', `cannot mount "${mount.source}": it does not exist`, {
      hint: 'make it first, or check the path before the colon of -v',
    })
  }
  return mount
}
