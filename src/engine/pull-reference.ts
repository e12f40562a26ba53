import type { Digest } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import {
  formatPlatform,
  hostPlatform,
  imageEntries,
  type Platform,
  parseReference,
  withDefaultTag,
} from '../oci/index.ts'
import type { RegistryClient } from '../registry/index.ts'
import { openStore } from '../store/index.ts'
import { openSession } from '../store/session.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { imagePort } from './images.ts'
import { enterNamespace } from './namespace.ts'
import { recordImageEvent } from './record-event.ts'
import type { RegistryAccess } from './registry-access.ts'
import { lazyRegistry } from './registry-client.ts'

export interface PullRequest {
  readonly reference: string
  readonly platform?: Platform
  /** Every platform that the registry has. */
  readonly allPlatforms?: boolean
  readonly access?: RegistryAccess
  readonly root?: string
}

/** Pulls an image, unless the store has what the registry has, and returns its ID; with `allPlatforms` one for each. */
export async function pullReference(
  request: PullRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<readonly Digest[]> {
  const store = openStore(storeRoot(host, request.root))
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  const registry = lazyRegistry(host, request.access)
  try {
    const images = imagePort({
      store,
      overlay: overlayXattrs(host),
      hostPlatform: hostPlatform(host.arch),
      refresh: true,
      registry: () => registry.client(),
      session: () => session,
      signal,
      emit,
      nowMs: () => host.nowMs(),
    })
    const own = request.platform ?? hostPlatform(host.arch)
    const platforms =
      request.allPlatforms === true
        ? await allPlatforms(await registry.client(), request.reference, own, signal)
        : [own]
    const ids: Digest[] = []
    // One after the other: each has layers in parallel.
    for (const platform of platforms) ids.push((await images.pull(request.reference, platform)).id)
    for (const id of ids) recordImageEvent(store.root, host, 'pull', id, request.reference)
    return ids
  } finally {
    await session.close()
    await registry.close()
  }
}

/** The platforms of the index that a reference leads to; `own` when that is no index. */
async function allPlatforms(
  client: RegistryClient,
  text: string,
  own: Platform,
  signal: AbortSignal,
): Promise<readonly Platform[]> {
  const { document } = await client.fetchManifest(withDefaultTag(parseReference(text)), signal)
  if (document.kind === 'manifest') return [own]
  const platforms = imageEntries(document.index).flatMap(({ platform }) => (platform === undefined ? [] : [platform]))
  return [...new Map(platforms.map((platform) => [formatPlatform(platform), platform])).values()]
}
