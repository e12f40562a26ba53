import { isAbsolute, join } from 'node:path'
import { invariant, type SourceFile } from '../base/index.ts'
import type { EmitEvent, ExecutorPort, ImagePort, RunPorts } from '../build/index.ts'
import { hostPlatform, localName, type Platform } from '../oci/index.ts'
import { openStore, type Store } from '../store/index.ts'
import type { BuildRequest } from './build-request.ts'
import { readDockerfile } from './dockerfile-source.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { imagePort } from './images.ts'
import { type LazyContext, lazyContext } from './lazy-context.ts'
import { enterNamespace } from './namespace.ts'
import { lazyRegistry } from './registry-client.ts'
import type { Workshop } from './workshop.ts'

/** All that one build works with. The workshop, where steps run, opens only when something has to run. */
export interface Scene {
  readonly request: BuildRequest
  readonly host: Host
  readonly source: SourceFile
  /** Familiar names the image will have. */
  readonly names: readonly string[]
  readonly platform: Platform
  readonly store: Store
  readonly context: LazyContext
  readonly images: ImagePort
  readonly ports: RunPorts
  /** Enters the namespace and opens the workshop, once. As a user this does not return the first time. */
  enter(): Promise<Workshop>
  workshop(): Workshop | undefined
  /** Gives everything back: connections, working area, lock. */
  close(): Promise<void>
}

/** Looks at the request and the files it names; runs and fetches nothing. Throws `ToolError` for what is not there. */
export function openScene(request: BuildRequest, host: Host, emit: EmitEvent, signal: AbortSignal): Scene {
  const names = request.tags.map((tag) => localName(tag))
  const directory = isAbsolute(request.context) ? request.context : join(host.cwd, request.context)
  const { path, source } = readDockerfile(host.cwd, directory, request.file)
  const store = openStore(storeRoot(host, request.root))
  const context = lazyContext(directory, path, store, () => host.nowMs())
  let opened: Workshop | undefined
  const workshop = (): Workshop => {
    invariant(opened !== undefined, 'work before the namespace was entered')
    return opened
  }
  const registry = lazyRegistry(host)
  const images = imagePort({
    store,
    overlay: overlayXattrs(host),
    refresh: request.pull,
    registry: () => registry.client(),
    session: () => workshop().session,
    signal,
    emit,
    nowMs: () => host.nowMs(),
  })
  const executor: ExecutorPort = {
    execute: (step) => workshop().executor.execute(step),
    selectFrom: (layers, operation) => workshop().executor.selectFrom(layers, operation),
  }
  const clock = { nowMs: () => host.nowMs() }
  return {
    request,
    host,
    source,
    names,
    platform: hostPlatform(host.arch),
    store,
    context,
    images,
    ports: { records: store.records, layers: store.layers, images, context, clock, executor },
    workshop: () => opened,
    async close() {
      opened?.close()
      await registry.close()
    },
    async enter() {
      if (opened !== undefined) return opened
      context.save()
      await enterNamespace(host, store)
      const { openWorkshop } = await import('./workshop.ts')
      const network = request.network === 'none' ? 'none' : 'host'
      const isolation = request.isolation === undefined ? {} : { isolation: request.isolation }
      opened = openWorkshop({ store, host, contextDirectory: directory, network, emit, ...isolation })
      return opened
    },
  }
}
