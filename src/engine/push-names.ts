import { type Descriptor, parseReference, withDefaultTag } from '../oci/index.ts'
import type { NamedIndex, StoredImage } from '../ports/index.ts'
import type { ImageForm } from './image-parts.ts'
import { type PushSettings, pushImage } from './push-image.ts'
import { pushIndex } from './push-index.ts'
import { rememberPush } from './push-reference.ts'

/** Pushes a new image or index under all its names; the descriptor is of its manifest, which is the same everywhere. */
export async function pushNames(
  settings: PushSettings,
  made: { readonly image: StoredImage } | Pick<NamedIndex, 'index' | 'imageId'>,
  names: readonly string[],
  form: ImageForm,
): Promise<Descriptor | undefined> {
  let manifest: Descriptor | undefined
  for (const name of names) {
    const destination = withDefaultTag(parseReference(name))
    if ('image' in made) {
      manifest = await pushImage(settings, made.image, destination, form)
      rememberPush(settings.store, { imageId: made.image.id }, destination, manifest)
    } else {
      manifest = await pushIndex(settings, made, destination, form)
      rememberPush(settings.store, made, destination, manifest)
    }
  }
  return manifest
}
