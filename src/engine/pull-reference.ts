import type { Digest } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import { hostPlatform, type Platform } from '../oci/index.ts'
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
  readonly access?: RegistryAccess
  readonly root?: string
}

/** Pulls an image, unless the store has what the registry has, and returns its ID. */
export async function pullReference(
  request: PullRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<Digest> {
  const store = openStore(storeRoot(host, request.root))
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  const registry = lazyRegistry(host, request.access)
  try {
    const images = imagePort({
      store,
      overlay: overlayXattrs(host),
      refresh: true,
      registry: () => registry.client(),
      session: () => session,
      signal,
      emit,
      nowMs: () => host.nowMs(),
    })
    const { id } = await images.pull(request.reference, request.platform ?? hostPlatform(host.arch))
    recordImageEvent(store.root, host, 'pull', id, request.reference)
    return id
  } finally {
    await session.close()
    await registry.close()
  }
}
