import { type Descriptor, familiarName, type Reference } from '../oci/index.ts'
import type { IndexMember, NamedIndex } from '../ports/index.ts'
import type { ImageForm } from './image-parts.ts'
import { indexDocument, originalCount } from './index-document.ts'
import { removedMeanwhile } from './lease-layers.ts'
import { type PushSettings, pushImage } from './push-image.ts'
import { runTask } from './task.ts'

/**
 * Pushes an index: every image by its digest, then the index under the tag. What was pulled whole goes on byte for byte. Images
 * that only a registry has are copied from there. Returns the index's descriptor. Throws as `pushImage`.
 */
export async function pushIndex(
  settings: PushSettings,
  { index }: Pick<NamedIndex, 'index'>,
  destination: Reference,
  form: ImageForm,
): Promise<Descriptor> {
  const children: Descriptor[] = []
  for (const member of index.members) children.push(await pushMember(settings, member, destination, form))
  const { descriptor, bytes } = indexDocument(settings.store, index, children, form.format)
  const name = familiarName(destination)
  const all = originalCount(settings.store, index)
  const part = all === undefined ? '' : ` with ${index.members.length} of its ${all} images, which are in the store`
  return runTask(settings, `push-${name}`, `[push] index of ${name}${part}`, async () => {
    const client = await settings.registry()
    await client.pushManifest(destination, { mediaType: descriptor.mediaType, bytes }, settings.signal)
    return { result: descriptor, cached: false }
  })
}

async function pushMember(
  settings: PushSettings,
  member: IndexMember,
  { registry, repository }: Reference,
  form: ImageForm,
): Promise<Descriptor> {
  const untagged = { registry, repository }
  if (member.kind === 'remote') {
    const { copyManifest } = await import('./copy-manifest.ts')
    await copyManifest(settings, member, untagged)
    return member.descriptor
  }
  const image = settings.store.images.image(member.imageId)
  if (image === undefined) throw removedMeanwhile(`the image ${member.imageId}`)
  return pushImage(settings, image, untagged, form)
}
