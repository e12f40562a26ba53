import type { EmitEvent, ImagePort } from '../build/index.ts'
import {
  familiarName,
  formatPlatform,
  type ImageConfig,
  matchPlatform,
  type Platform,
  parseReference,
  withDefaultTag,
} from '../oci/index.ts'
import type { OverlayXattrs, StoredImage } from '../ports/index.ts'
import type { RegistryClient } from '../registry/index.ts'
import type { Store } from '../store/index.ts'
import type { Session } from '../store/session.ts'

/** What a pull needs. Network, session and layer code are loaded only when something is really fetched. */
export interface ImageSettings {
  readonly store: Store
  readonly overlay: OverlayXattrs
  /** Fetch even what is stored, if the registry has something newer. */
  readonly refresh: boolean
  readonly registry: () => Promise<RegistryClient>
  readonly session: () => Session
  readonly signal: AbortSignal
  readonly emit: EmitEvent
  nowMs(): number
}

/** A stored image by the text of a reference, if it has the platform; a bare image ID is accepted too. */
export function findStored(store: Store, text: string, platform: Platform | undefined): StoredImage | undefined {
  const image = store.images.findImage(storedName(text))
  if (image === undefined || platform === undefined) return image
  return matchPlatform(platform, image.config.platform) ? image : undefined
}

/** The name under which the store keeps what a reference names. */
export function storedName(text: string): string {
  return /^(sha256:)?[a-f0-9]{12,64}$/.test(text) ? text : familiarName(withDefaultTag(parseReference(text)))
}

/** The image port over a store and a registry. */
export function imagePort(settings: ImageSettings): ImagePort {
  const pulls = new Map<string, Promise<StoredImage>>()
  return {
    find: (reference, platform) => findStored(settings.store, reference, platform),
    pull(reference, platform) {
      const name = `${formatPlatform(platform)} ${reference}`
      let pull = pulls.get(name)
      if (pull === undefined) {
        pull = pullUnlessStored(settings, reference, platform)
        pulls.set(name, pull)
      }
      return pull
    },
    inspect: (reference, platform) => inspectRemote(settings, reference, platform),
  }
}

async function inspectRemote(settings: ImageSettings, text: string, platform: Platform): Promise<ImageConfig> {
  const client = await settings.registry()
  return (await client.resolveImage(withDefaultTag(parseReference(text)), platform, settings.signal)).config
}

async function pullUnlessStored(settings: ImageSettings, text: string, platform: Platform): Promise<StoredImage> {
  const stored = findStored(settings.store, text, platform)
  // A name pinned by digest cannot have changed.
  if (stored !== undefined && (!settings.refresh || parseReference(text).digest !== undefined)) return stored
  const { pullImage } = await import('./pull-image.ts')
  return pullImage(settings, text, platform)
}
