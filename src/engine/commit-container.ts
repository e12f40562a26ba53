import { chmodSync, lstatSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestOf, invariant } from '../base/index.ts'
import { type ContainerSpec, isActive } from '../container/index.ts'
import { digestLayer, layerTar, unpackLayer } from '../layer/index.ts'
import {
  type ContainerConfig,
  decodeConfig,
  encodeConfig,
  type ImageConfig,
  localName,
  validateImage,
} from '../oci/index.ts'
import type { Layer } from '../ports/index.ts'
import { openSession, type Session } from '../store/session.ts'
import { applyChanges } from './apply-changes.ts'
import type { ContainerRoom } from './container-room.ts'
import { pauseContainer, unpauseContainer } from './control-container.ts'
import { overlayXattrs } from './host.ts'
import { leaseLayers } from './lease-layers.ts'
import { stubPaths } from './mount-stubs.ts'
import { enterNamespace } from './namespace.ts'
import { recordContainerEvent } from './record-container-event.ts'
import { recordImageEvent } from './record-event.ts'

/** How to make an image of a container. */
export interface CommitRequest {
  readonly id: string
  /** `NAME[:TAG]` of the image. */
  readonly name?: string
  readonly author?: string
  readonly message?: string
  /** Dockerfile instructions that change its config. */
  readonly changes: readonly string[]
  /** Stops the container's processes meanwhile. */
  readonly pause: boolean
}

/** Makes an image of a container: the layers of its image and what it has written. Returns the image's ID. */
export async function commitContainer(room: ContainerRoom, request: CommitRequest): Promise<Digest> {
  const { host, store, containers } = room
  const spec = containers.spec(request.id)
  const image = decodeConfig(containers.imageConfig(request.id))
  const name = request.name === undefined ? undefined : localName(request.name)
  // Wrong changes are told before anything is done.
  const config = await applyChanges(configOf(spec, image.config), request.changes, image.platform)
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  const pauses = request.pause && containers.state(request.id).status === 'running'
  try {
    leaseLayers(
      store,
      session,
      spec.layers.flatMap((diffId) => store.layers.layer(diffId) ?? []),
    )
    if (pauses) await pauseContainer(room, request.id)
    let layer: Layer | undefined
    try {
      layer = await storeUpper(room, spec, session)
    } finally {
      if (pauses) await unpauseContainer(room, request.id)
    }
    const id = writeImage(room, request, spec, { ...image, config }, layer, name)
    const told = { comment: request.message ?? '', imageID: id, imageRef: name ?? '' }
    recordContainerEvent(room, spec, 'commit', told)
    if (name !== undefined) recordImageEvent(store.root, host, 'tag', id, name)
    return id
  } finally {
    await session.close()
  }
}

/** The layer of what the container has written; undefined when that is nothing. */
async function storeUpper(room: ContainerRoom, spec: ContainerSpec, session: Session): Promise<Layer | undefined> {
  const { host, store, containers } = room
  const overlay = overlayXattrs(host)
  const directory = session.makeDirectory('commit')
  const tree = join(directory, 'fs')
  mkdirSync(tree)
  for (const path of [directory, tree]) chmodSync(path, 0o755)
  const isLive = isActive(containers.state(spec.id))
  await unpackLayer(copies(layerTar(containers.path(spec.id, 'layer', 'fs'), { overlay, isLive })), tree, { overlay })
  if (isLive) removeStubs(tree, spec)
  const digests = digestLayer(tree, { overlay })
  if (digests.entries === 0) return undefined
  const same = store.layers.layerByContent(digests.contentDigest)
  session.lease([store.layers.name(same?.diffId ?? digests.diffId), store.layers.name(digests.diffId)])
  if (same !== undefined && store.layers.isPresent(same.diffId)) return same
  return store.layers.adopt({ ...digests, directory, created: new Date(host.nowMs()).toISOString() })
}

/** The chunks of a tar are views of one buffer; whoever unpacks it wants them to stay. */
async function* copies(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

/** Empty files and directories that are there only because something is mounted on them. */
function removeStubs(tree: string, spec: ContainerSpec): void {
  for (const path of [...stubPaths(spec)].sort().reverse()) {
    const at = join(tree, path)
    const stat = lstatSync(at, { throwIfNoEntry: false })
    if (stat?.isFile() && stat.size === 0) unlinkSync(at)
    else if (stat?.isDirectory() && readdirSync(at).length === 0) rmdirSync(at)
  }
}

/** A container's process as an image's config has it: without what was added for this run alone. */
function configOf(spec: ContainerSpec, image: ContainerConfig): ContainerConfig {
  const cmd = spec.args.slice(spec.entrypoint.length)
  const { healthcheck } = spec
  return {
    ...image,
    user: spec.user,
    env: spec.env.filter(
      (entry) => entry !== `HOSTNAME=${spec.hostname}` && !(spec.terminal && entry === 'TERM=xterm'),
    ),
    cmd,
    entrypoint: spec.entrypoint,
    workingDir: spec.cwd,
    labels: spec.labels,
    stopSignal: spec.stopSignal === 'SIGTERM' ? (image.stopSignal ?? '') : spec.stopSignal,
    ...(healthcheck === undefined ? {} : { healthcheck }),
  }
}

function writeImage(
  { store, host }: ContainerRoom,
  { author, message }: CommitRequest,
  spec: ContainerSpec,
  base: ImageConfig,
  layer: Layer | undefined,
  name: string | undefined,
): Digest {
  const created = new Date(host.nowMs()).toISOString()
  const entry = {
    ...{ created, createdBy: spec.args.slice(spec.entrypoint.length).join(' ') },
    ...(author === undefined ? {} : { author }),
    ...(message === undefined ? {} : { comment: message }),
    ...(layer === undefined ? { emptyLayer: true } : {}),
  }
  const config: ImageConfig = {
    ...base,
    created,
    ...(author === undefined ? {} : { author }),
    diffIds: layer === undefined ? base.diffIds : [...base.diffIds, layer.diffId],
    history: [...base.history, entry],
  }
  const violations = validateImage(config)
  invariant(violations.length === 0, `the image is not sound: ${violations.join('; ')}`)
  const configBytes = encodeConfig(config)
  const id = digestOf(configBytes)
  store.images.writeImage({ id, configBytes })
  if (name !== undefined) store.images.tag(name, id)
  // A prune beside us may have taken it while it had no name.
  if (store.images.config(id) === undefined) store.images.writeImage({ id, configBytes })
  return id
}
