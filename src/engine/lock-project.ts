import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Diagnostic, type Digest, errorMessage, type SourceFile, ToolError } from '../base/index.ts'
import { defineProgram, type EmitEvent } from '../build/index.ts'
import type { GitSource, HttpSource, RemoteSource } from '../ir/index.ts'
import {
  formatPlatform,
  hostPlatform,
  isAttestation,
  type Platform,
  parseReference,
  withDefaultTag,
} from '../oci/index.ts'
import { copyParts, graphImages, planGraph, type StepGraph } from '../plan/index.ts'
import type { ResolvedImage } from '../registry/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { openBuildContext } from './build-context.ts'
import type { FetchSettings } from './fetched-trees.ts'
import { type Host, storeRoot } from './host.ts'
import { encodeLockFile, type LockFile, lockFileName } from './lock-file.ts'
import { fileKey, repositoryKey } from './lock-pins.ts'
import { type NamedContexts, openNamedContexts } from './named-contexts.ts'
import { parseCached, parseTriggerCached } from './parse.ts'
import type { RegistryAccess } from './registry-access.ts'
import { type LazyRegistry, lazyRegistry } from './registry-client.ts'
import { lazyRemote } from './remote-client.ts'
import { findStored, storedName } from './stored-images.ts'

/** What to lock. Paths may be relative to the host's current directory. */
export interface LockRequest {
  readonly context: string
  readonly file?: string
  readonly buildArgs: Readonly<Record<string, string>>
  readonly contexts: Readonly<Record<string, string>>
  readonly access: RegistryAccess
  /** Where the lock file goes; absent: into the context. */
  readonly lockFile?: string
  readonly root?: string
}

export type LockOutcome =
  | { readonly kind: 'locked'; readonly path: string; readonly lock: LockFile; readonly changed: boolean }
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[]; readonly source: SourceFile }

/**
 * Asks for everything that the stages of a Dockerfile take from elsewhere, and writes down what it is now: images for
 * each platform they are made for, files that ADD fetches, commits of repositories. Builds nothing. Throws `ToolError`.
 */
export async function lockProject(
  request: LockRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<LockOutcome> {
  const store = openStore(storeRoot(host, request.root))
  const remote = lazyRemote(host, store)
  const registry = lazyRegistry(host, request.access)
  const fetching: FetchSettings = { host, store, remote, emit, signal, nowMs: () => host.nowMs() }
  try {
    const opened = await openBuildContext(request, fetching)
    if (opened.fetched && request.lockFile === undefined) {
      throw new ToolError('usage', 'a context that is elsewhere has no place for a lock file', {
        hint: 'say where it goes: --lockfile FILE',
      })
    }
    const platform = hostPlatform(host.arch)
    const contexts = await openNamedContexts(request.contexts, fetching, [platform], platform)
    const images = new ImageResolver(store, registry, contexts, signal)
    const graph = await graphOfAll(opened.source, request, contexts, images, store, platform)
    if ('diagnostics' in graph) return { kind: 'invalid', ...graph, source: opened.source }
    for (const image of graphImages(graph)) await images.resolve(image.reference, image.platform)
    const lock = { images: images.locked, ...(await lockSources(remoteSources(graph, contexts), fetching)) }
    const path =
      request.lockFile === undefined ? join(opened.directory, lockFileName) : resolve(host.cwd, request.lockFile)
    return { kind: 'locked', path, lock, changed: write(path, encodeLockFile(lock)) }
  } finally {
    await registry.close()
    await remote.close()
  }
}

/** The graph of every stage, whichever a build would need. */
async function graphOfAll(
  source: SourceFile,
  { buildArgs }: LockRequest,
  contexts: NamedContexts,
  images: ImageResolver,
  store: Store,
  platform: Platform,
): Promise<StepGraph | { readonly diagnostics: readonly Diagnostic[] }> {
  const options = { buildArgs, buildPlatform: platform, targetPlatform: platform, contexts: contexts.facts } as const
  const defined = await defineProgram(
    source,
    { ...options, level: 'check', allowInsecure: true },
    {
      parse: (text) => parseCached(text, store),
      parseTrigger: (text, name) => parseTriggerCached(text, name, store),
      imageConfig: (image) => images.resolve(image.reference, image.platform),
    },
  )
  return defined.kind === 'defined'
    ? planGraph(defined.program)
    : { diagnostics: defined.kind === 'failed' ? defined.diagnostics : [] }
}

/** Images as their registries have them now, or as they were built here. */
class ImageResolver {
  readonly locked: Record<string, Readonly<Record<string, Digest>>> = {}
  readonly #store: Store
  readonly #registry: LazyRegistry
  readonly #contexts: NamedContexts
  readonly #signal: AbortSignal
  readonly #configs = new Map<string, Promise<ResolvedImage['config']>>()

  constructor(store: Store, registry: LazyRegistry, contexts: NamedContexts, signal: AbortSignal) {
    this.#store = store
    this.#registry = registry
    this.#contexts = contexts
    this.#signal = signal
  }

  /** The config of an image; notes what it is. */
  resolve(reference: string, platform: Platform): Promise<ResolvedImage['config']> {
    const name = `${formatPlatform(platform)} ${storedName(reference)}`
    let config = this.#configs.get(name)
    if (config === undefined) {
      config = this.#resolve(reference, platform)
      this.#configs.set(name, config)
    }
    return config
  }

  async #resolve(reference: string, platform: Platform): Promise<ResolvedImage['config']> {
    const layout = this.#contexts.layouts.get(reference)
    // A layout on this machine is named by its own digest.
    if (layout !== undefined) return layout.config
    const stored = findStored(this.#store, reference, platform)
    if (stored !== undefined && stored.manifestDigest === undefined) {
      this.#note(reference, { [formatPlatform(stored.config.platform)]: stored.id })
      return stored.config
    }
    const client = await this.#registry.client()
    const found = await client.resolveImage(withDefaultTag(parseReference(reference)), platform, this.#signal)
    this.#note(reference, platformDigests(found))
    return found.config
  }

  #note(reference: string, digests: Readonly<Record<string, Digest>>): void {
    const name = storedName(reference)
    this.locked[name] = { ...this.locked[name], ...digests }
  }
}

function platformDigests({ index, digest, config }: ResolvedImage): Readonly<Record<string, Digest>> {
  const entries = (index?.manifests ?? []).flatMap((entry) =>
    entry.platform === undefined || isAttestation(entry)
      ? []
      : [[formatPlatform(entry.platform), entry.digest] as const],
  )
  return entries.length === 0 ? { [formatPlatform(config.platform)]: digest } : Object.fromEntries(entries.toReversed())
}

/** What ADD and named contexts fetch. */
function remoteSources(graph: StepGraph, contexts: NamedContexts): readonly RemoteSource[] {
  const files = graph.steps.flatMap((step) => [
    ...(step.operation.kind === 'copy' ? [step.operation] : []),
    ...step.mounts.map(({ source }) => source),
  ])
  return files
    .flatMap((one) => copyParts(one))
    .flatMap(({ source }) => (source.kind === 'named' ? (contexts.remote(source.name) ?? []) : source))
    .filter((source) => source.kind === 'http' || source.kind === 'git')
}

async function lockSources(
  sources: readonly RemoteSource[],
  settings: FetchSettings,
): Promise<Pick<LockFile, 'files' | 'repositories'>> {
  const files: Record<string, string> = {}
  const repositories: Record<string, string> = {}
  for (const source of sources) {
    if (source.kind === 'git') repositories[repositoryKey(source)] ??= await lockRepository(source, settings)
    else files[fileKey(source)] ??= await lockFile(source, settings)
  }
  return { files, repositories }
}

async function lockRepository(source: GitSource, settings: FetchSettings): Promise<string> {
  const client = await settings.remote.client()
  return (await client.fetchRepository(source, settings.signal)).commit
}

async function lockFile(source: HttpSource, settings: FetchSettings): Promise<string> {
  const client = await settings.remote.client()
  const { tree } = await client.fetchFile(source, { signal: settings.signal, onProgress: () => undefined })
  // The algorithm that the Dockerfile itself uses, so that the two can be compared.
  const [algorithm = 'sha512'] = source.checksum?.split(':') ?? []
  const { default: ssri } = await import('ssri')
  return (
    await ssri.fromStream(createReadStream(join(tree.directory, source.fileName)), { algorithms: [algorithm] })
  ).toString()
}

/** Writes the file, unless it is there just so. */
function write(path: string, text: string): boolean {
  try {
    if (existsSync(path) && readFileSync(path, 'utf8') === text) return false
    writeFileSync(path, text)
    return true
  } catch (error) {
    throw new ToolError('output-failed', `cannot write "${path}": ${errorMessage(error)}`, {
      hint: 'check that the folder exists and may be written, or name another file with --lockfile',
      cause: error,
    })
  }
}
