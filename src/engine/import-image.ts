import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Digest, digestOf, errnoCode, errorMessage, parseDiffId, parseDigest, ToolError } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import { compressionOf, openDecompressed } from '../layer/index.ts'
import {
  type Descriptor,
  encodeConfig,
  hostPlatform,
  type ImageConfig,
  localName,
  mediaTypes,
  type Platform,
} from '../oci/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { openSession } from '../store/session.ts'
import { applyChanges } from './apply-changes.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { removedMeanwhile } from './lease-layers.ts'
import { enterNamespace } from './namespace.ts'
import { layerKeeper } from './pull-image.ts'
import { recordImageEvent } from './record-event.ts'
import type { ImageSettings } from './stored-images.ts'
import { runTask } from './task.ts'
import { writeWhole } from './write-file.ts'

export interface ImportRequest {
  /** A tar of a root filesystem, compressed or not; standard input when absent. */
  readonly input?: string
  readonly name?: string
  readonly platform?: Platform
  /** For the history. */
  readonly message?: string
  /** Dockerfile instructions that change its config. */
  readonly changes: readonly string[]
  readonly root?: string
}

/**
 * Makes an image of one layer out of a tar of a root filesystem. What to run, the changes say, or a Dockerfile that begins with
 * it. As a user this starts the command anew in a namespace, before anything is read. Throws `ToolError` `usage`, and those
 * of unpacking.
 */
export async function importImage(
  request: ImportRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<Digest> {
  const name = request.name === undefined ? undefined : localName(request.name)
  const platform = request.platform ?? hostPlatform(host.arch)
  // Wrong changes are told before anything is done.
  const settled = { platform, config: await applyChanges({}, request.changes, platform) }
  const store = openStore(storeRoot(host, request.root))
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  const settings: ImageSettings = {
    store,
    overlay: overlayXattrs(host),
    hostPlatform: hostPlatform(host.arch),
    refresh: false,
    registry: () => Promise.reject(new ToolError('not-supported', 'an import asks no registry')),
    session: () => session,
    signal,
    emit,
    nowMs: () => host.nowMs(),
  }
  try {
    const label = `[import] ${request.input ?? 'standard input'}`
    const id = await runTask(settings, 'import', label, async () => {
      const path = await inputFile(request, host, join(session.makeDirectory('import'), 'rootfs'))
      const { descriptor, diffId } = await describe(path)
      const config: ImageConfig = { ...settled, ...origin(request, host, diffId) }
      settings.session().lease([store.layers.name(diffId)])
      if (store.layers.layer(diffId) === undefined || !store.layers.isPresent(diffId)) {
        const keeper = layerKeeper(settings, 'import', { config, manifest: { layers: [descriptor] } })
        await keeper.keep(descriptor, createReadStream(path, { highWaterMark: 1 << 18 }))
        await keeper.finish()
      }
      return { result: storeImage(store, config, name), cached: false }
    })
    recordImageEvent(store.root, host, 'import', id, name ?? id)
    return id
  } finally {
    await session.close()
  }
}

/** The file to read; what comes on standard input is kept in `spool` first, since it is read twice. */
async function inputFile({ input }: ImportRequest, host: Host, spool: string): Promise<string> {
  if (input === undefined) {
    await writeWhole(spool, host.stdin())
    return spool
  }
  const path = resolve(host.cwd, input)
  try {
    if (statSync(path).isFile()) return path
  } catch (error) {
    const why = errnoCode(error) === 'ENOENT' ? 'there is no such file' : errorMessage(error)
    throw new ToolError('usage', `cannot read "${input}": ${why}`, {
      hint: 'name a tar, or - for standard input',
      cause: error,
    })
  }
  throw new ToolError('usage', `"${input}" is no file`, {
    hint: `make a tar of a directory: tar -C ${input} -c . | longshore import - NAME`,
  })
}

async function describe(
  path: string,
): Promise<{ readonly descriptor: Descriptor; readonly diffId: ImageConfig['diffIds'][number] }> {
  const compressed = createHash('sha256')
  const plain = createHash('sha256')
  let head: Uint8Array | undefined
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
      head ??= chunk
      compressed.update(chunk)
      yield chunk
    }
  }
  for await (const chunk of (await openDecompressed(bytes())).bytes) plain.update(chunk)
  const compression = head === undefined ? undefined : compressionOf(head)
  const mediaType =
    compression === 'gzip'
      ? mediaTypes.ociLayerGzip
      : compression === 'zstd'
        ? mediaTypes.ociLayerZstd
        : mediaTypes.ociLayer
  const digest = parseDigest(`sha256:${compressed.digest('hex')}`)
  const diffId = parseDiffId(`sha256:${plain.digest('hex')}`)
  return { descriptor: { mediaType, digest, size: statSync(path).size }, diffId }
}

/** Where the image comes from. */
function origin(
  { input = '-', message }: ImportRequest,
  host: Host,
  diffId: ImageConfig['diffIds'][number],
): Pick<ImageConfig, 'created' | 'diffIds' | 'history'> {
  const created = new Date(host.nowMs()).toISOString()
  return { created, diffIds: [diffId], history: [{ created, comment: message ?? `Imported from ${input}` }] }
}

function storeImage(store: Store, config: ImageConfig, name: string | undefined): Digest {
  const configBytes = encodeConfig(config)
  const id = digestOf(configBytes)
  store.images.writeImage({ id, configBytes })
  if (name !== undefined) store.images.tag(name, id)
  // A prune beside us may have taken it while it had no name.
  if (store.images.image(id) === undefined) throw removedMeanwhile(`the image ${id}`)
  return id
}
