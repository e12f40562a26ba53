import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { layoutBlobPath } from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import type { LayoutContext } from './layout-context.ts'
import { removedMeanwhile } from './lease-layers.ts'
import { layerKeeper } from './pull-image.ts'
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
    settings.session().lease(config.diffIds.map((diffId) => store.layers.name(diffId)))
    const keeper = layerKeeper(settings, task, layout)
    for (const [index, descriptor] of manifest.layers.entries()) {
      const diffId = config.diffIds[index]
      if (diffId !== undefined && store.layers.layer(diffId) !== undefined && store.layers.isPresent(diffId)) continue
      const path = join(directory, layoutBlobPath(descriptor.digest))
      await keeper.keep(descriptor, createReadStream(path, { highWaterMark: 1 << 18 }))
    }
    await keeper.finish()
    const { configBytes, manifestBytes, digest: manifestDigest } = layout
    store.images.writeImage({ id: manifest.config.digest, configBytes, manifestBytes, manifestDigest })
    const image = store.images.image(manifest.config.digest)
    if (image === undefined) throw removedMeanwhile(layout.text)
    return { result: image, cached: false }
  })
}
