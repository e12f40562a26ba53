import { ToolError } from '../base/index.ts'
import type { Platform } from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { splitName } from './list-images.ts'
import { namesOf, referencesOf, requireImage } from './require-image.ts'

/** JSON data, as it was stored. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue }

/** An image in the fields of `docker inspect`. */
export type InspectedImage = { readonly [name: string]: JsonValue }

/** What docker's `inspect` tells of an image of the store. Throws `ToolError` `image-not-found`, `platform-mismatch`. */
export function inspectImage(host: Host, root: string | undefined, text: string, wanted?: Platform): InspectedImage {
  const store = openStore(storeRoot(host, root))
  const { image } = requireImage(store, text, wanted)
  const { config, id, layers } = image
  const { platform } = config
  const size = layers.reduce((sum, layer) => sum + layer.sizeBytes, 0)
  const { variant, osVersion } = platform
  return {
    Id: id,
    RepoTags: namesOf(store, image).filter((name) => !name.includes('@')),
    RepoDigests: digestsOf(store, image),
    Parent: '',
    Comment: config.history.at(-1)?.comment ?? '',
    Created: config.created ?? '',
    Author: config.author ?? '',
    Config: storedConfig(store, image.id),
    Architecture: platform.architecture,
    ...(variant === undefined ? {} : { Variant: variant }),
    Os: platform.os,
    ...(osVersion === undefined ? {} : { OsVersion: osVersion }),
    Size: size,
    RootFS: { Type: 'layers', Layers: [...config.diffIds] },
  }
}

function digestsOf(store: Store, image: StoredImage): readonly string[] {
  const digests = referencesOf(store, image).flatMap(({ name, pulledDigest }) =>
    pulledDigest === undefined ? [] : [`${splitName(name).repository}@${pulledDigest}`],
  )
  return [...new Set(digests)].sort()
}

/** The `config` object as the image has it, with fields that only others know. */
function storedConfig(store: Store, id: Parameters<Store['blobs']['read']>[0]): JsonValue {
  const bytes = store.blobs.read(id)
  if (bytes === undefined) throw new ToolError('store-corrupt', `the config ${id} is gone from the store`)
  const document: { readonly config?: JsonValue } = JSON.parse(Buffer.from(bytes).toString('utf8'))
  return document.config ?? {}
}
