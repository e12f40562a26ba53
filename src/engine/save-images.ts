import { resolve } from 'node:path'
import type { EmitEvent } from '../build/index.ts'
import type { Platform } from '../oci/index.ts'
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
import { type LayoutMember, writeLayout } from './write-layout.ts'

export type SaveFormat = 'docker-archive' | 'oci-archive' | 'oci-dir'

export interface SaveRequest {
  /** Names or IDs; what is named keeps its name in the archive. */
  readonly images: readonly string[]
  /** Of names with several images only the one for this platform. */
  readonly platform?: Platform
  readonly format: SaveFormat
  /** A file or, for `oci-dir`, a directory; `-` for standard output. */
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
  const store = openStore(storeRoot(host, request.root))
  for (const text of request.images) requireImage(store, text, request.platform)
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  try {
    const members = new Map<string, LayoutMember>()
    for (const text of request.images) {
      const { image, name, index } = requireImage(store, text, request.platform)
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
      await writeLayout({ ...common, images: [...members.values()] })
      return { result: undefined, cached: false }
    })
    for (const [id, { names }] of members) recordImageEvent(store.root, host, 'save', id, names[0] ?? id)
  } finally {
    await session.close()
  }
}
