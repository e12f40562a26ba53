import pLimit from 'p-limit'
import { invariant } from '../base/index.ts'
import { type Descriptor, familiarName, parseReference, type Reference } from '../oci/index.ts'
import type { RemoteMember } from '../ports/index.ts'
import { skipBytes } from './layer-blob.ts'
import type { PushSettings } from './push-image.ts'
import { runTask } from './task.ts'

/** Blobs on their way at the same time. */
const parallelBlobs = 4

/**
 * Sees to it that a repository has an image that another has, of the same registry or not; nothing of it is kept here. Throws
 * `ToolError` of the registry room.
 */
export async function copyManifest(
  settings: PushSettings,
  { name, descriptor }: RemoteMember,
  destination: Reference,
): Promise<void> {
  const { platform, digest } = descriptor
  const { registry, repository } = parseReference(name)
  const source = { registry, repository, digest }
  const isSameRegistry = source.registry === destination.registry
  if (isSameRegistry && source.repository === destination.repository) return
  invariant(platform !== undefined, 'a member of a list has a platform')
  const { signal } = settings
  const client = await settings.registry()
  await runTask(settings, `copy-${digest}`, `[push] ${familiarName(source)}`, async (progress) => {
    const { manifest, manifestBytes } = await client.resolveImage(source, platform, signal)
    const blobs = new Map([manifest.config, ...manifest.layers].map((blob) => [blob.digest, blob]))
    const limit = pLimit(parallelBlobs)
    const sent = new Map<string, number>()
    const totalBytes = [...blobs.values()].reduce((sum, { size }) => sum + size, 0)
    const copy = async (blob: Descriptor): Promise<boolean> => {
      const open = (offset: number): AsyncIterable<Uint8Array> =>
        skipBytes(client.fetchBlob(source, blob, { signal }), offset)
      const outcome = await client.uploadBlob(
        destination,
        { descriptor: blob, open },
        {
          signal,
          ...(isSameRegistry ? { mountFrom: [source.repository] } : {}),
          onProgress(bytes) {
            sent.set(blob.digest, bytes)
            progress(
              [...sent.values()].reduce((sum, one) => sum + one, 0),
              totalBytes,
            )
          },
        },
      )
      return outcome !== 'uploaded'
    }
    const cached = await Promise.all([...blobs.values()].map((blob) => limit(() => copy(blob))))
    await client.pushManifest(destination, { mediaType: manifest.mediaType, bytes: manifestBytes }, signal)
    return { result: undefined, cached: cached.every((isThere) => isThere) }
  })
}
