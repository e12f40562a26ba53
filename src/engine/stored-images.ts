import type { EmitEvent } from '../build/index.ts'
import {
  familiarName,
  matchPlatform,
  type Platform,
  parseReference,
  selectByPlatform,
  withDefaultTag,
} from '../oci/index.ts'
import type { LocalMember, OverlayXattrs, StoredImage, StoredIndex } from '../ports/index.ts'
import type { RegistryClient } from '../registry/index.ts'
import type { Store } from '../store/index.ts'
import type { Session } from '../store/session.ts'
import type { LayoutContext } from './layout-context.ts'

/** What a pull needs. Network, session and layer code are loaded only when something is really fetched. */
export interface ImageSettings {
  readonly store: Store
  readonly overlay: OverlayXattrs
  /** What this machine runs: of a name with several images, this one is meant where nothing else is said. */
  readonly hostPlatform: Platform
  /** Fetch even what is stored, if the registry has something newer. */
  readonly refresh: boolean
  readonly registry: () => Promise<RegistryClient>
  readonly session: () => Session
  /** Images that named contexts bring along, by the reference they go by. */
  readonly layouts?: ReadonlyMap<string, LayoutContext>
  readonly signal: AbortSignal
  readonly emit: EmitEvent
  nowMs(): number
}

/** A stored image by the text of a reference, if it has the platform; a bare image ID is accepted too. */
export function findStored(store: Store, text: string, platform: Platform | undefined): StoredImage | undefined {
  const name = storedName(text)
  const index = platform === undefined ? undefined : store.images.index(name)?.index
  if (platform !== undefined && index !== undefined) {
    const member = selectByPlatform(localMembers(index), platform)
    return member && store.images.image(member.imageId)
  }
  const image = store.images.findImage(name)
  if (image === undefined || platform === undefined) return image
  return matchPlatform(platform, image.config.platform) ? image : undefined
}

/** The name under which the store keeps what a reference names. */
export function storedName(text: string): string {
  return /^(sha256:)?[a-f0-9]{12,64}$/.test(text) ? text : familiarName(withDefaultTag(parseReference(text)))
}

/** The members of an index that the store has. */
export function localMembers(index: StoredIndex): readonly LocalMember[] {
  return index.members.filter((member) => member.kind === 'image')
}
