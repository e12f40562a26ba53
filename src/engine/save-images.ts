import { resolve } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import type { Platform } from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import { openStore } from '../store/index.ts'
import { openSession } from '../store/session.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { indexImages } from './index-document.ts'
import type { LayerCompressionChoice } from './layer-compression.ts'
import { leaseLayers } from './lease-layers.ts'
import { enterNamespace } from './namespace.ts'
import { recordImageEvent } from './record-event.ts'
import { requireImage } from './require-image.ts'
import { runTask } from './task.ts'
import { writeImageDirectory } from './write-image-directory.ts'
import { type LayoutMember, writeLayout } from './write-layout.ts'

export type SaveFormat = 'docker-archive' | 'oci-archive' | 'oci-dir' | 'docker-dir'

export interface SaveRequest {
  /** Names or IDs; what is named keeps its name in the archive. */
  readonly images: readonly string[]
  /** Of names with several images only the one for this platform. */
  readonly platform?: Platform
  readonly format: SaveFormat
  /** A file or, for `oci-dir` and `docker-dir`, a directory; `-` for standard output. */
  readonly output: string
  /** As usual for the format when absent: gzip in OCI's, none in docker's. Pulled layers stay as they came. */
  readonly compression?: LayerCompressionChoice
  readonly root?: string
}

/** Writes images of the store as one archive or directory. Throws `ToolError` `image-not-found`, `output-failed`, `no-space`. */
export async function saveImages(
  request: SaveRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<void> {
  if (request.format === 'docker-dir' && request.images.length > 1) {
    throw new ToolError('usage', 'a docker-dir holds one image', { hint: 'save one at a time, or choose oci-dir' })
  }
  const store = openStore(storeRoot(host, request.root))
  for (const text of request.images) requireImage(store, text, request.platform)
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  try {
    const members = new Map<string, LayoutMember>()
    // A directory holds one image; of several platforms it is the one that the name means here.
    let meant: StoredImage | undefined
    for (const text of request.images) {
      const { image, name, index } = requireImage(store, text, request.platform)
      meant ??= image
      if (index !== undefined) {
        for (const one of indexImages(store, text, index.index)) leaseLayers(store, session, one.layers)
        members.set(index.name, { index, names: [index.name] })
        continue
      }
      leaseLayers(store, session, image.layers)
      const names = members.get(image.id)?.names ?? []
      const own = name === undefined || name.includes('@') || names.includes(name) ? [] : [name]
      members.set(image.id, { image, names: [...names, ...own] })
    }
    const docker = request.format === 'docker-archive'
    const usual = { method: docker ? 'uncompressed' : 'gzip', force: false } as const
    const form = { compression: request.compression ?? usual, format: 'oci' } as const
    const dest = request.output === '-' ? '-' : resolve(host.cwd, request.output)
    const tar = request.format !== 'oci-dir'
    const common = { store, overlay: overlayXattrs(host), signal, form, docker, dest, tar }
    const task = { emit, nowMs: () => host.nowMs() }
    await runTask(task, 'save', `[save] ${request.images.join(', ')}`, async () => {
      if (request.format === 'docker-dir' && meant !== undefined)
        await writeImageDirectory(common, meant, dest, request.compression ?? { method: 'gzip', force: false })
      else await writeLayout({ ...common, images: [...members.values()] })
      return { result: undefined, cached: false }
    })
    for (const [key, member] of members) {
      const id = 'image' in member ? member.image.id : (member.index.imageId ?? key)
      recordImageEvent(store.root, host, 'save', id, member.names[0] ?? id)
    }
  } finally {
    await session.close()
  }
}
