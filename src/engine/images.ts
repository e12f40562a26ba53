import type { ImagePort } from '../build/index.ts'
import { formatPlatform, type ImageConfig, type Platform, parseReference, withDefaultTag } from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import { onlyOtherPlatforms } from './other-platform.ts'
import { findStored, type ImageSettings } from './stored-images.ts'

/** The image port over a store and a registry. */
export function imagePort(settings: ImageSettings): ImagePort {
  const pulls = new Map<string, Promise<StoredImage>>()
  // What a command has once pulled it keeps to, though the name may go on to another image meanwhile.
  const pulled = new Map<string, StoredImage>()
  const nameOf = (reference: string, platform: Platform): string => `${formatPlatform(platform)} ${reference}`
  return {
    find: (reference, platform) =>
      pulled.get(nameOf(reference, platform)) ?? findStored(settings.store, reference, platform),
    pull(reference, platform) {
      const name = nameOf(reference, platform)
      let pull = pulls.get(name)
      if (pull === undefined) {
        pull = pullUnlessStored(settings, reference, platform)
        pull.then(
          (image) => pulled.set(name, image),
          () => undefined,
        )
        pulls.set(name, pull)
      }
      return pull
    },
    inspect: (reference, platform) => inspectRemote(settings, reference, platform),
  }
}

async function inspectRemote(settings: ImageSettings, text: string, platform: Platform): Promise<ImageConfig> {
  const layout = settings.layouts?.get(text)
  if (layout !== undefined) return layout.config
  const client = await settings.registry()
  return (await client.resolveImage(withDefaultTag(parseReference(text)), platform, settings.signal)).config
}

async function pullUnlessStored(settings: ImageSettings, text: string, platform: Platform): Promise<StoredImage> {
  const stored = findStored(settings.store, text, platform)
  const layout = settings.layouts?.get(text)
  if (layout !== undefined) {
    const { importLayoutContext } = await import('./import-layout.ts')
    return importLayoutContext(settings, layout)
  }
  // A name pinned by digest cannot have changed.
  if (stored !== undefined && (!settings.refresh || parseReference(text).digest !== undefined)) return stored
  const { pullImage } = await import('./pull-image.ts')
  try {
    return await pullImage(settings, text, platform)
  } catch (error) {
    // Who asks for a pull wants to hear of that alone.
    throw settings.refresh ? error : onlyOtherPlatforms(settings.store, text, platform, error)
  }
}
