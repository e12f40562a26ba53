import { statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import {
  type ContainerOptions,
  type ContainerSpec,
  containerProcess,
  type LimitsSpec,
  type LogSpec,
  type MountSpec,
  type NetworkSpec,
  type RestartPolicy,
  randomContainerId,
  randomName,
  type SecuritySpec,
} from '../container/index.ts'
import { publishExposed } from '../network/port-mapping.ts'
import { formatPlatform, type Healthcheck, hostPlatform, type Platform } from '../oci/index.ts'
import type { Isolation, StoredImage } from '../ports/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { requireLayers } from './lease-layers.ts'
import { onlyOtherPlatforms, storedPlatforms } from './other-platform.ts'
import { recordContainerEvent } from './record-container-event.ts'
import { requirePlatform } from './require-image.ts'
import { findStored } from './stored-images.ts'
import { unpackImage } from './unpack-layers.ts'
import { prepareVolumes } from './volumes.ts'

/** What the user asks of a new container. */
export interface CreateRequest extends ContainerOptions {
  readonly image: string
  readonly platform?: Platform
  readonly pull: 'missing' | 'always' | 'never'
  readonly name?: string
  readonly isolation?: Isolation
  readonly interactive: boolean
  readonly terminal: boolean
  readonly detach: boolean
  readonly hostname?: string
  readonly domainname?: string
  readonly labels: Readonly<Record<string, string>>
  readonly mounts: readonly MountSpec[]
  readonly volumesFrom: readonly string[]
  readonly network: NetworkSpec
  /** `-P`: every exposed port, those of `expose` too, gets a port of this machine. */
  readonly publishAll: boolean
  readonly expose: readonly string[]
  readonly limits: LimitsSpec
  readonly security: SecuritySpec
  readonly restart: RestartPolicy
  readonly autoRemove: boolean
  readonly init: boolean
  readonly stopSignal?: string
  readonly stopTimeoutSeconds?: number
  /** Replaces fields of the image's; `test: ['NONE']` turns it off. */
  readonly healthcheck?: Partial<Healthcheck>
  readonly log: LogSpec
  readonly root?: string
}

export interface CreatedContainer {
  readonly id: string
  readonly name: string
  /** What may not be as it was meant. */
  readonly notes: readonly string[]
}

/** Creates a container and starts nothing. An image that is missing is pulled; as a user that starts the command anew. */
export async function createContainer(
  room: ContainerRoom,
  request: CreateRequest,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<CreatedContainer> {
  const { store, containers } = room
  for (const mount of request.mounts) requireSource(mount)
  const image = await requireImage(room, request, emit, signal)
  await unpackImage(room.host, store, image)
  const imageConfig = store.blobs.read(image.id)
  if (imageConfig === undefined) throw new ToolError('store-corrupt', `the config ${image.id} is gone from the store`)
  const id = randomContainerId()
  const name = request.name ?? randomName((one) => containers.names.owner(one) !== undefined)
  const spec = specOf(id, image, request, room.host.nowMs())
  const mounts = prepareVolumes(room, spec, image.config.config.volumes ?? [], request.volumesFrom)
  containers.create({
    spec: { ...spec, mounts },
    name,
    imageConfig,
    layerNames: image.layers.map((layer) => store.layers.name(layer.diffId)),
    checkLayers: () => requireLayers(store, image.layers),
  })
  recordContainerEvent(room, spec, 'create', {}, name)
  return { id, name, notes: platformNotes(image, request, hostPlatform(room.host.arch)) }
}

/** An image for another machine needs an emulator; who asked for its platform knows that. */
function platformNotes({ config }: StoredImage, { platform, image }: CreateRequest, host: Platform): readonly string[] {
  if (platform !== undefined || config.platform.architecture === host.architecture) return []
  const own = formatPlatform(config.platform)
  return [
    `the image ${image} is for ${own}, this machine is ${formatPlatform(host)}; --platform ${own} says that this is meant`,
  ]
}

function requireSource(mount: MountSpec): void {
  if (mount.kind !== 'bind' || statSync(mount.source, { throwIfNoEntry: false }) !== undefined) return
  throw new ToolError('usage', `cannot mount "${mount.source}": it does not exist`, {
    hint: 'make it first, or check the path before the colon of -v',
  })
}

async function requireImage(
  { store, host }: ContainerRoom,
  request: CreateRequest,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<StoredImage> {
  const { image: reference, platform } = request
  const stored = findStored(store, reference, platform)
  if (stored !== undefined && request.pull !== 'always') return stored
  if (request.pull === 'never') {
    if (platform !== undefined && storedPlatforms(store, reference).length > 0)
      requirePlatform(store, reference, platform)
    throw new ToolError('image-not-found', `no image "${reference}" in the store`, {
      hint: `fetch it: longshore pull ${reference}`,
    })
  }
  const root = request.root === undefined ? {} : { root: request.root }
  const wanted = platform ?? hostPlatform(host.arch)
  const { pullReference } = await import('./pull-reference.ts')
  try {
    await pullReference({ reference, platform: wanted, ...root }, host, emit, signal)
  } catch (error) {
    throw platform === undefined || request.pull === 'always'
      ? error
      : onlyOtherPlatforms(store, reference, platform, error)
  }
  const pulled = findStored(store, reference, platform)
  if (pulled !== undefined) return pulled
  throw new ToolError('store-failed', `the image "${reference}" was removed by another command while it was needed`)
}

const defaultStopSeconds = 10

function specOf(id: string, image: StoredImage, request: CreateRequest, nowMs: number): ContainerSpec {
  const { config } = image.config
  const hostname = request.hostname ?? id.slice(0, 12)
  const process = containerProcess(config, request, hostname)
  const exposedPorts = [...new Set([...(config.exposedPorts ?? []), ...request.expose.map(withProtocol)])]
  const published = request.publishAll ? publishExposed(exposedPorts) : []
  const healthcheck = mergeHealthcheck(config.healthcheck, request.healthcheck)
  return {
    id,
    created: new Date(nowMs).toISOString(),
    image: { id: image.id, reference: request.image },
    layers: image.layers.map((layer) => layer.diffId),
    ...(request.isolation === undefined ? {} : { isolation: request.isolation }),
    ...process,
    terminal: request.terminal,
    openStdin: request.interactive,
    stdinOnce: request.interactive && !request.detach,
    hostname,
    domainname: request.domainname ?? '',
    labels: { ...config.labels, ...request.labels },
    exposedPorts,
    mounts: request.mounts,
    network: { ...request.network, ports: [...request.network.ports, ...published] },
    limits: request.limits,
    security: request.security,
    restart: request.restart,
    autoRemove: request.autoRemove,
    init: request.init,
    stopSignal: request.stopSignal ?? config.stopSignal ?? 'SIGTERM',
    stopTimeoutSeconds: request.stopTimeoutSeconds ?? defaultStopSeconds,
    ...(healthcheck === undefined ? {} : { healthcheck }),
    log: request.log,
  }
}

function withProtocol(port: string): string {
  return port.includes('/') ? port : `${port}/tcp`
}

function mergeHealthcheck(
  own: Healthcheck | undefined,
  wanted: Partial<Healthcheck> | undefined,
): Healthcheck | undefined {
  const merged = { test: [], ...own, ...wanted }
  return merged.test.length === 0 || merged.test[0] === 'NONE' ? undefined : merged
}

/** The absolute path of a source on this machine. */
export function hostPath(cwd: string, path: string): string {
  return isAbsolute(path) ? path : join(cwd, path)
}
