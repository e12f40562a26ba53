import { assertNever, ToolError } from '../base/index.ts'
import { type EmitEvent, type RemoteResultsPort, stageChain } from '../build/index.ts'
import type { Transport } from '../http/index.ts'
import type { StepGraph } from '../plan/index.ts'
import type { CachePlace } from '../ports/index.ts'
import { defaultPatience, GuardedPlace, openLocalPlace } from '../remote-cache/index.ts'
import { version } from '../version.ts'
import type { CacheAddress } from './cache-address.ts'
import { ResultFetcher, type ResultSettings } from './fetch-results.ts'
import type { Host } from './host.ts'
import { extraCertificates, lazyRegistry } from './registry-client.ts'
import { openRegistryPlace } from './registry-place.ts'
import type { Scene } from './scene.ts'
import { SeenEntries } from './seen-entries.ts'
import { LayerBlobs, ResultSender } from './send-results.ts'
import type { TravellingMounts } from './travelling-mounts.ts'

/** The caches elsewhere of one build. */
export interface RemoteResults extends RemoteResultsPort {
  /** Waits until all is sent. Throws `ToolError` for what could not be sent and must, unless the build has failed anyway. */
  finish(build: 'done' | 'failed'): Promise<void>
  /** Ends what is still under way. */
  close(): Promise<void>
}

/** Longest silence of a registry that is used as a cache. Look-ups are given up much earlier. */
const idleTimeoutMs = 20_000

/** Opens the caches that the request names. Contacts nothing yet. */
export async function openRemoteResults(scene: Scene, graph: StepGraph, emit: EmitEvent): Promise<RemoteResults> {
  const { request, store, host } = scene
  const { cacheFrom = [], cacheTo = [] } = request
  const { session, overlay, carryMounts } = await scene.enter()
  const abort = new AbortController()
  const signal = AbortSignal.any([scene.signal, abort.signal])
  const nowMs = (): number => host.nowMs()
  const settings: ResultSettings = { store, session, overlay, signal, emit, nowMs, seen: new SeenEntries() }
  const guards = new Map<string, GuardedPlace>()
  const guarded = async (address: CacheAddress): Promise<GuardedPlace> => {
    const place = await openPlace(address, scene, host)
    const known = guards.get(place.name)
    if (known !== undefined) return known
    const made = new GuardedPlace(place, request.cachePatience ?? defaultPatience, warnOf(place, emit))
    guards.set(place.name, made)
    return made
  }
  const places: GuardedPlace[] = []
  for (const address of cacheFrom) places.push(await guarded(address))
  const fetcher = new ResultFetcher(settings, [...new Set(places)])
  const mountSources: GuardedPlace[] = []
  for (const address of cacheFrom) if (address.mounts === true) mountSources.push(await guarded(address))
  const blobs = new LayerBlobs(settings)
  const senders: ResultSender[] = []
  const mountTargets: GuardedPlace[] = []
  for (const { address, mode, compression, ignoreError } of cacheTo) {
    if (address.type === 'inline') continue
    if (address.mounts === true) mountTargets.push(await guarded(address))
    const steps = mode === 'max' ? {} : { steps: resultSteps(graph) }
    senders.push(new ResultSender(settings, await guarded(address), blobs, { compression, ignoreError, ...steps }))
  }
  const mounts = await openMounts(settings, mountSources, mountTargets)
  if (mounts !== undefined) carryMounts(mounts)
  return {
    fetchStep: (step, key, components, onFound) => fetcher.fetchStep(step, key, components, onFound),
    fetchSelection: (key) => fetcher.fetchSelection(key),
    offerStep(step, key) {
      for (const sender of senders) sender.offerStep(step, key)
    },
    offerSelection(key) {
      for (const sender of senders) sender.offerSelection(key)
    },
    async finish(build) {
      for (const sender of senders) await sender.finish(build === 'done')
      await mounts?.send()
    },
    async close() {
      abort.abort(new ToolError('canceled', 'the build has ended'))
      await Promise.all([fetcher, ...senders].map((one) => one.settled()))
      await Promise.all([...guards.values()].map(({ place }) => place.close()))
    },
  }
}

async function openMounts(
  settings: ResultSettings,
  sources: readonly GuardedPlace[],
  targets: readonly GuardedPlace[],
): Promise<TravellingMounts | undefined> {
  if (sources.length + targets.length === 0) return undefined
  const { TravellingMounts: Mounts } = await import('./travelling-mounts.ts')
  return new Mounts(settings, [...new Set(sources)], [...new Set(targets)])
}

/** Only what an address needs is loaded. */
async function openPlace(address: CacheAddress, { request }: Scene, host: Host): Promise<CachePlace> {
  switch (address.type) {
    case 'local':
      return openLocalPlace(address.directory)
    case 'registry': {
      // A cache that has to be asked often saves no time.
      const access = { ...request.access, retries: 1, retryDelayMs: 200, idleTimeoutMs, offline: request.offline }
      return openRegistryPlace(lazyRegistry(host, access), address.ref)
    }
    case 's3': {
      const { openS3Place } = await import('../remote-cache/s3-place.ts')
      return openS3Place(address, await transport(host))
    }
    case 'gha': {
      const { openGhaPlace } = await import('../remote-cache/gha-place.ts')
      return openGhaPlace(address, await transport(host))
    }
    default:
      return assertNever(address)
  }
}

async function transport(host: Host): Promise<Transport> {
  const { openTransport, proxyFromEnvironment } = await import('../http/index.ts')
  const ca = extraCertificates(host)
  return openTransport({ userAgent: `longshore/${version}`, ca, proxy: proxyFromEnvironment(host.env), idleTimeoutMs })
}

/** Steps whose layers are in an image that the build makes. */
function resultSteps(graph: StepGraph): ReadonlySet<number> {
  return new Set(graph.targets.flatMap((target) => stageChain(graph, target).flatMap(({ steps }) => steps)))
}

function warnOf(place: CachePlace, emit: EmitEvent): (error: ToolError) => void {
  return ({ message, hint }) =>
    emit({
      kind: 'diagnostic',
      diagnostic: {
        code: 'remote-cache',
        severity: 'warning',
        file: place.name,
        span: { start: 0, end: 0 },
        message,
        ...(hint === undefined ? {} : { hint }),
      },
    })
}
