import { invariant, type SourceFile, type StepKey } from '../base/index.ts'
import type { ClaimPort, EmitEvent, ExecutorPort, ImagePort, RunPorts } from '../build/index.ts'
import { hostPlatform, localName, type Platform } from '../oci/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { type OpenedContext, openBuildContext } from './build-context.ts'
import type { BuildRequest } from './build-request.ts'
import type { FetchSettings } from './fetched-trees.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { imagePort } from './images.ts'
import { type LazyContext, lazyContext } from './lazy-context.ts'
import { type NamedContexts, openNamedContexts } from './named-contexts.ts'
import { enterNamespace } from './namespace.ts'
import { openLock, type RequestedLock } from './open-lock.ts'
import { requireNames, requireSingleTree } from './output-spec.ts'
import { projectOf } from './project.ts'
import { type LazyRegistry, lazyRegistry } from './registry-client.ts'
import { type LazyRemote, lazyRemote } from './remote-client.ts'
import { checkLimitRequest } from './run-limits.ts'
import { type Trees, treePort } from './trees.ts'
import type { Workshop } from './workshop.ts'

/** All that one build works with. The workshop, where steps run, opens only when something has to run. */
export interface Scene {
  readonly request: BuildRequest
  readonly host: Host
  readonly source: SourceFile
  /** Names the Dockerfile and context among build traces. */
  readonly project: string
  /** Familiar names the image will have. */
  readonly names: readonly string[]
  /** What this machine runs, and BUILDPLATFORM. */
  readonly platform: Platform
  /** What is built for, each once. */
  readonly targetPlatforms: readonly Platform[]
  readonly store: Store
  readonly context: LazyContext
  readonly contexts: NamedContexts
  readonly trees: Trees
  readonly remote: LazyRemote
  readonly images: ImagePort
  readonly ports: RunPorts
  readonly registry: LazyRegistry
  readonly signal: AbortSignal
  /** Keys of the steps by `Step.index`, once they are done and the image is to carry their results. */
  readonly stepKeys?: ReadonlyMap<number, StepKey>
  /** Enters the namespace and opens the workshop, once. As a user this does not return the first time. */
  enter(): Promise<Workshop>
  workshop(): Workshop | undefined
  /** Gives everything back: connections, working area, lock. */
  close(): Promise<void>
}

/**
 * Looks at the request and the files it names; runs nothing, and fetches only a build context that is elsewhere.
 * Throws `ToolError` for what is not there. In `house`, the scene of another build of this command, things are made in the same
 * workshop, and images are pulled once.
 */
export async function openScene(
  request: BuildRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
  house?: Scene,
): Promise<Scene> {
  const named = request.outputs.flatMap((output) => ('names' in output ? output.names : []))
  const names = [...new Set([...request.tags, ...named].map((tag) => localName(tag)))]
  requireNames(request.outputs, names)
  requireSingleTree(request.outputs, request.platforms ?? [])
  if (request.addHosts.length > 0) await checkHosts(request.addHosts)
  await checkLimitRequest(request.limits, host)
  const store = openStore(storeRoot(host, request.root))
  const remote = lazyRemote(host, store, request.offline)
  const nowMs = (): number => host.nowMs()
  const fetching: FetchSettings = { host, store, remote, emit, signal, nowMs }
  try {
    const opened = await openBuildContext(request, fetching)
    const platform = hostPlatform(host.arch)
    const lock = await openLock(request, host, opened)
    const pinned = lock === undefined ? fetching : { ...fetching, pins: lock.pins }
    const targetPlatforms =
      request.platforms === undefined || request.platforms.length === 0 ? [platform] : request.platforms
    const contexts = await openNamedContexts(request.contexts, pinned, targetPlatforms, platform)
    return makeScene({ request, names, platform, targetPlatforms, contexts, opened, fetching: pinned, lock, house })
  } catch (error) {
    await remote.close()
    throw error
  }
}

/** Refuses an `--add-host` that cannot be read, before anything is done. */
async function checkHosts(addHosts: readonly string[]): Promise<void> {
  const { runHostsText } = await import('./run-hosts.ts')
  await runHostsText(addHosts, '')
}

interface SceneParts extends Pick<Scene, 'request' | 'names' | 'platform' | 'targetPlatforms' | 'contexts'> {
  readonly opened: OpenedContext
  readonly fetching: FetchSettings
  readonly lock: RequestedLock | undefined
  readonly house: Scene | undefined
}

function makeScene(parts: SceneParts): Scene {
  const { request, names, platform, targetPlatforms, contexts, opened: found, fetching, lock, house } = parts
  const { host, store, remote, emit, signal, nowMs } = fetching
  const project = projectOf(found.dockerfile ?? found.source.name, found.fetched ? request.context : found.directory)
  const context = lazyContext(found, store, nowMs)
  const trees = treePort(fetching, context, contexts)
  let opened: Workshop | undefined
  const entered = (): Workshop | undefined => (house === undefined ? opened : house.workshop())
  const workshop = (): Workshop => {
    const found = entered()
    invariant(found !== undefined, 'work before the namespace was entered')
    return found
  }
  const registry = lazyRegistry(host, { ...request.access, offline: request.offline })
  const anyImages = imagePort({
    store,
    overlay: overlayXattrs(host),
    hostPlatform: platform,
    refresh: request.pull,
    layouts: contexts.layouts,
    registry: () => registry.client(),
    session: () => workshop().session,
    signal,
    emit,
    nowMs,
  })
  const images = lock?.images(anyImages) ?? (contexts.layouts.size === 0 ? house?.images : undefined) ?? anyImages
  const executor: ExecutorPort = {
    execute: (step) => workshop().executor.execute(step),
    selectFrom: (layers, operation) => workshop().executor.selectFrom(layers, operation),
  }
  const claims: ClaimPort = {
    tryClaim: (key) => workshop().claims.tryClaim(key),
    waitForClaim: (key, stop) => workshop().claims.waitForClaim(key, stop),
  }
  const clock = { nowMs }
  // Once things are made, what is looked up is held, so that no prune takes it before it is used.
  const layers: RunPorts['layers'] = {
    layer(diffId) {
      const found = store.layers.layer(diffId)
      const open = entered()
      if (found === undefined || open === undefined) return found
      open.session.lease([store.layers.name(diffId)])
      return store.layers.isPresent(diffId) ? found : undefined
    },
    layerByContent: (digest) => store.layers.layerByContent(digest),
  }
  return {
    request,
    host,
    source: found.source,
    project,
    names,
    platform,
    targetPlatforms,
    store,
    context,
    contexts,
    trees,
    remote,
    images,
    registry,
    signal,
    ports: { records: store.records, layers, images, context, trees, clock, executor, claims },
    workshop: entered,
    async close() {
      await opened?.close()
      await registry.close()
      await remote.close()
    },
    async enter() {
      context.save()
      trees.save()
      if (house !== undefined) return house.enter()
      if (opened !== undefined) return opened
      await enterNamespace(host, store)
      const { openWorkshop } = await import('./workshop.ts')
      const network = request.network === 'none' || request.offline ? 'none' : 'host'
      const isolation = request.isolation === undefined ? {} : { isolation: request.isolation }
      const { secrets, agents } = request
      opened = openWorkshop({
        store,
        host,
        project,
        contextDirectory: found.directory,
        network,
        offline: request.offline,
        limits: request.limits,
        emit,
        secrets,
        agents,
        ...isolation,
      })
      return opened
    },
  }
}
