import { type Descriptor, parseReference, withDefaultTag } from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import type { ImageForm } from './image-parts.ts'
import { type PushSettings, pushImage } from './push-image.ts'
import { rememberPush } from './push-reference.ts'

/** Pushes a new image under all its names; the descriptor is of its manifest, which is the same everywhere. */
export async function pushNames(
  settings: PushSettings,
  image: StoredImage,
  names: readonly string[],
  form: ImageForm,
): Promise<Descriptor | undefined> {
  let manifest: Descriptor | undefined
  for (const name of names) {
    const destination = withDefaultTag(parseReference(name))
    manifest = await pushImage(settings, image, destination, form)
    rememberPush(settings.store, image.id, destination, manifest)
  }
  return manifest
}
