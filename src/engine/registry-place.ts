import { digestHex, digestOf, ToolError } from '../base/index.ts'
import {
  familiarName,
  type ImageManifest,
  imageEntries,
  mediaTypes,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../oci/index.ts'
import type { CachePlace } from '../ports/index.ts'
import type { FetchedManifest } from '../registry/index.ts'
import { encodeStepResult } from '../remote-cache/index.ts'
import { decodeInline } from '../remote-cache/inline.ts'
import type { LazyRegistry } from './registry-client.ts'

/** Longest tag of the distribution-spec. */
const maxTag = 128

/**
 * A cache in a repository of a registry. The entry NAME is the manifest with the tag `TAG-NAME`, where TAG is that of `ref`: what
 * one branch keeps under its own tag no other one writes to. The tag itself is left alone: an image may have it, and what that
 * carries inline is read, too.
 */
export function openRegistryPlace(registry: LazyRegistry, ref: string): CachePlace {
  const reference = withDefaultTag(parseReference(ref))
  const { registry: host, repository } = reference
  const at = (name: string): Reference => ({ registry: host, repository, tag: tagOf(reference.tag ?? 'latest', name) })
  const any: Reference = { registry: host, repository }
  let image: Promise<ReadonlyMap<string, Uint8Array>> | undefined
  /** What the image of the tag itself carries, looked at once. */
  const inImage = (signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> => {
    image ??= readInline(registry, reference, signal).catch((error: unknown) => {
      if (!(error instanceof ToolError)) throw error
      // Whatever is there, the entries beside it are not worse for it; and a registry that fails says so with those.
      image = undefined
      return new Map()
    })
    return image
  }
  return {
    name: `registry cache ${familiarName(reference)}`,
    async readEntry(name, signal) {
      const [own, inline] = await Promise.all([fetchIfThere(registry, at(name), signal), inImage(signal)])
      return own?.bytes ?? inline.get(name)
    },
    async writeEntry(name, bytes, signal) {
      const client = await registry.client()
      await client.pushManifest(at(name), { mediaType: mediaTypes.ociManifest, bytes }, signal)
    },
    async *readBlob(descriptor, signal) {
      const client = await registry.client()
      yield* client.fetchBlob(any, descriptor, { signal })
    },
    async writeBlob(blob, transfer) {
      const client = await registry.client()
      await client.uploadBlob(any, blob, transfer)
    },
    close: () => registry.close(),
  }
}

async function fetchIfThere(
  registry: LazyRegistry,
  reference: Reference,
  signal: AbortSignal,
): Promise<FetchedManifest | undefined> {
  const client = await registry.client()
  try {
    return await client.fetchManifest(reference, signal)
  } catch (error) {
    if (error instanceof ToolError && error.code === 'registry-not-found') return undefined
    throw error
  }
}

/** The images of an index that are looked at: one for each platform. */
const mostImages = 16

/** The entries that an image, or the images of an index, carry inline, by name. */
async function readInline(
  registry: LazyRegistry,
  reference: Reference,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = await fetchIfThere(registry, reference, signal)
  const { registry: host, repository } = reference
  const manifests = async (): Promise<readonly ImageManifest[]> => {
    if (found?.document.kind !== 'index') return found === undefined ? [] : [found.document.manifest]
    const members = imageEntries(found.document.index).slice(0, mostImages)
    const fetched = await Promise.all(
      members.map(({ digest }) => fetchIfThere(registry, { registry: host, repository, digest }, signal)),
    )
    return fetched.flatMap((one) => (one?.document.kind === 'manifest' ? [one.document.manifest] : []))
  }
  const entries = (await manifests()).flatMap(decodeInline).map(encodeStepResult)
  return new Map(entries.map(({ name, document }) => [name, document]))
}

/** `TAG-NAME`; a tag that is too long for that is cut, and ends with some of its digest. */
function tagOf(tag: string, name: string): string {
  const room = maxTag - name.length - 1
  const prefix = tag.length <= room ? tag : `${tag.slice(0, room - 13)}-${digestHex(digestOf(tag)).slice(0, 12)}`
  return `${prefix}-${name}`
}
