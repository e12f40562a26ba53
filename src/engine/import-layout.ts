import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { ToolError } from '../base/index.ts'
import { layoutBlobPath } from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import type { LayoutContext } from './layout-context.ts'
import { storeLayer } from './pull-image.ts'
import type { ImageSettings } from './stored-images.ts'
import { runTask } from './task.ts'

/** Brings an image of a layout into the store, unless it is there. Call it inside the namespace. */
export async function importLayoutContext(settings: ImageSettings, layout: LayoutContext): Promise<StoredImage> {
  const { store } = settings
  const { manifest, directory, config } = layout
  const stored = store.images.image(manifest.config.digest)
  if (stored !== undefined) return stored
  const task = `import-${layout.text}`
  return runTask(settings, task, `[internal] load ${layout.text}`, async () => {
    for (const [index, descriptor] of manifest.layers.entries()) {
      const diffId = config.diffIds[index]
      if (diffId !== undefined && store.layers.layer(diffId) !== undefined) continue
      const path = join(directory, layoutBlobPath(descriptor.digest))
      await storeLayer(settings, task, layout, descriptor, createReadStream(path, { highWaterMark: 1 << 18 }))
    }
    const { configBytes, manifestBytes, digest: manifestDigest } = layout
    store.images.writeImage({ id: manifest.config.digest, configBytes, manifestBytes, manifestDigest })
    const image = store.images.image(manifest.config.digest)
    if (image === undefined) throw new ToolError('store-corrupt', `${layout.text} is not whole after it was loaded`)
    return { result: image, cached: false }
  })
}
