import { statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { type Digest, invariant, ToolError } from '../base/index.ts'
import type { OpenTree } from '../build/index.ts'
import { type BuildContext, openContext } from '../context/index.ts'
import {
  contextKey,
  describeRemote,
  endlessContext,
  type NamedContext,
  parseRemoteSource,
  type RemoteSource,
} from '../ir/index.ts'
import { formatPlatform, type Platform } from '../oci/index.ts'
import {
  type FetchedTree,
  type FetchSettings,
  fetchFileTree,
  fetchGitFolder,
  isArchive,
  unpackContext,
} from './fetched-trees.ts'
import type { LayoutContext } from './layout-context.ts'
import { memoFile } from './lazy-context.ts'

type NamedSource =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'remote'; readonly source: RemoteSource }

/** What `--build-context` names. */
export interface NamedContexts {
  /** What lowering has to know of them, by normalised name. */
  readonly facts: Readonly<Record<string, NamedContext>>
  /** Images of layouts, by the reference that `facts` gives them. */
  readonly layouts: ReadonlyMap<string, LayoutContext>
  /** Where the files of one come from, when that is elsewhere. */
  remote(name: string): RemoteSource | undefined
  /** Opens one that is made of files; what is elsewhere is fetched and opened by `openFetched`. */
  open(name: string, openFetched: (tree: FetchedTree) => BuildContext): Promise<OpenTree & { save(): void }>
}

/**
 * Reads the values of `--build-context`: a directory (with an ignore file of its own), `docker-image://`,
 * `oci-layout://` (which must have all `targets`), a git repository, or an archive by http(s). Fetches nothing yet. Throws
 * `ToolError` `usage`, `context-not-found`, `platform-mismatch`.
 */
export async function openNamedContexts(
  values: Readonly<Record<string, string>>,
  settings: FetchSettings,
  targets: readonly Platform[],
  build: Platform,
): Promise<NamedContexts> {
  const { cwd } = settings.host
  const facts: Record<string, NamedContext> = {}
  const layouts = new Map<string, LayoutContext>()
  const sources = new Map<string, NamedSource>()
  for (const [written, value] of Object.entries(values)) {
    const name = requireName(written, value)
    if (value.startsWith('docker-image://')) {
      facts[name] = { kind: 'image', reference: value.slice('docker-image://'.length) }
    } else if (value.startsWith('oci-layout://')) {
      for (const { platform, layout } of await openLayouts(value, cwd, targets, build)) {
        const reference: Digest = layout.manifest.config.digest
        layouts.set(reference, layout)
        // An image for one platform only is looked up by it, unless the name says already which it is for.
        if (targets.length > 1 && !name.includes('::')) {
          facts[`${name}::${formatPlatform(platform)}`] = { kind: 'image', reference }
        }
        facts[name] ??= { kind: 'image', reference }
      }
    } else {
      sources.set(name, namedSource(name, value, cwd))
      facts[name] = { kind: 'files' }
    }
  }
  const endless = endlessContext(facts)
  if (endless !== undefined) {
    throw new ToolError('usage', `the named context "${endless}" leads on to others and never ends`, {
      hint: 'give --build-context the image or directory that is meant in the end',
    })
  }
  return {
    facts,
    layouts,
    remote(name) {
      const source = sources.get(name)
      return source?.kind === 'remote' ? source.source : undefined
    },
    async open(name, openFetched) {
      const source = sources.get(name)
      invariant(source !== undefined, `no context "${name}" of files`)
      if (source.kind === 'remote') return openFetched(await fetchContextFiles(settings, source.source))
      const { directory } = source
      return openContext({
        directory,
        memoFile: memoFile(directory, '', settings.store),
        nowMs: () => settings.nowMs(),
      })
    },
  }
}

interface PlatformLayout {
  readonly platform: Platform
  readonly layout: LayoutContext
}

/** The images of a layout for all target platforms, and for that of this machine where there is one. */
async function openLayouts(
  value: string,
  cwd: string,
  targets: readonly Platform[],
  build: Platform,
): Promise<readonly PlatformLayout[]> {
  const { openLayoutContext } = await import('./layout-context.ts')
  const found = targets.map((platform) => ({ platform, layout: openLayoutContext(value, cwd, platform) }))
  if (targets.length < 2 || targets.some((platform) => formatPlatform(platform) === formatPlatform(build))) return found
  try {
    return [...found, { platform: build, layout: openLayoutContext(value, cwd, build) }]
  } catch (error) {
    if (error instanceof ToolError && error.code === 'platform-mismatch') return found
    throw error
  }
}

function requireName(written: string, value: string): string {
  const name = contextKey(written)
  if (name === 'context' || name === 'scratch') {
    throw new ToolError('usage', `--build-context ${written}=…: "${written}" cannot be replaced`, {
      hint: 'choose another name: the main context is the last argument of longshore build',
    })
  }
  if (name !== undefined && value !== '') return name
  throw new ToolError('usage', `"${written}=${value}" is no named context`, {
    hint: 'write --build-context NAME=VALUE; the name reads like an image name, in lower case, e.g. assets=../assets',
  })
}

function namedSource(name: string, value: string, cwd: string): NamedSource {
  const source = parseRemoteSource(value)
  if (source.kind === 'http' || source.kind === 'git') return { kind: 'remote', source }
  if (source.kind === 'invalid') {
    throw new ToolError('usage', `the context "${name}" cannot be ${value}: ${source.reason}`, {
      hint: 'a named context is a directory, docker-image://, oci-layout://, a git repository or an http(s) archive',
    })
  }
  const directory = isAbsolute(value) ? value : join(cwd, value)
  const stat = statSync(directory, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return { kind: 'directory', directory }
  const why = stat === undefined ? 'does not exist' : 'is not a directory'
  throw new ToolError('context-not-found', `the context "${name}": "${value}" ${why}`, {
    hint: 'a path is relative to the current directory; an image is written docker-image://NAME',
  })
}

/** The files of a repository's folder, or of an archive. */
async function fetchContextFiles(settings: FetchSettings, source: RemoteSource): Promise<FetchedTree> {
  if (source.kind === 'git') return fetchGitFolder(settings, source)
  const { tree, digest } = await fetchFileTree(settings, { ...source, fileName: 'context' })
  const archive = join(tree.directory, 'context')
  if (await isArchive(archive)) return unpackContext(settings, await settings.remote.client(), archive, digest)
  throw new ToolError('archive-invalid', `${describeRemote(source)} is no archive`, {
    hint: 'a context by http(s) is a tar, plain or compressed with gzip, bzip2, xz or zstd',
  })
}
