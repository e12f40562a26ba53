import { digestHex, digestOf, ToolError } from '../base/index.ts'
import { familiarName, mediaTypes, parseReference, type Reference, withDefaultTag } from '../oci/index.ts'
import type { CachePlace } from '../ports/index.ts'
import type { LazyRegistry } from './registry-client.ts'

/** Longest tag of the distribution-spec. */
const maxTag = 128

/**
 * A cache in a repository of a registry. The entry NAME is the manifest with the tag `TAG-NAME`, where TAG is that of `ref`: what
 * one branch keeps under its own tag no other one writes to. The tag itself is left alone, so an image may have it.
 */
export function openRegistryPlace(registry: LazyRegistry, ref: string): CachePlace {
  const reference = withDefaultTag(parseReference(ref))
  const { registry: host, repository } = reference
  const at = (name: string): Reference => ({ registry: host, repository, tag: tagOf(reference.tag ?? 'latest', name) })
  const any: Reference = { registry: host, repository }
  return {
    name: `registry cache ${familiarName(reference)}`,
    async readEntry(name, signal) {
      const client = await registry.client()
      try {
        return (await client.fetchManifest(at(name), signal)).bytes
      } catch (error) {
        if (error instanceof ToolError && error.code === 'registry-not-found') return undefined
        throw error
      }
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

/** `TAG-NAME`; a tag that is too long for that is cut, and ends with some of its digest. */
function tagOf(tag: string, name: string): string {
  const room = maxTag - name.length - 1
  const prefix = tag.length <= room ? tag : `${tag.slice(0, room - 13)}-${digestHex(digestOf(tag)).slice(0, 12)}`
  return `${prefix}-${name}`
}
