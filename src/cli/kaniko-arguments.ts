import { ToolError } from '../base/index.ts'
import type { RegistryAccess } from '../engine/registry-access.ts'
import { parseReference } from '../oci/index.ts'
import { type KanikoContext, kanikoContext } from './kaniko-context.ts'
import { kanikoFlags } from './kaniko-flags.ts'
import { kanikoAccess } from './kaniko-registries.ts'
import type { KanikoValues } from './parse-kaniko.ts'

/** A build of kaniko's as one of ours. */
export interface KanikoBuild extends KanikoContext {
  /** Flags of `longshore build`. */
  readonly args: readonly string[]
  readonly access: RegistryAccess
  /** What to say about flags that change nothing, a line each. */
  readonly notes: readonly string[]
}

/** What is looked at beside the flags. */
export interface KanikoSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether there is a file of that name, from here. */
  isFile(path: string): boolean
}

/**
 * Maps kaniko's flags to those of `longshore build`. Pure but for what `around` tells. Throws `ToolError` `usage` for values
 * that cannot be read, `not-supported` for flags that are refused, with the reason.
 */
export function kanikoArguments(values: KanikoValues, around: KanikoSurroundings): KanikoBuild {
  const last = (name: string): string | undefined => values.get(name)?.at(-1)
  const isOn = (name: string): boolean => last(name) === 'true'
  const notes: string[] = []
  const args: string[] = []
  for (const { name, role, text } of kanikoFlags) {
    const given = values.get(name) ?? []
    if (given.length === 0 || last(name) === 'false') continue
    if (role === 'accepted') notes.push(`--${name} changes nothing here: ${text.replaceAll('`', '')}`)
    if (role === 'refused') throw new ToolError('not-supported', `--${name}: ${text.replaceAll('`', '')}`)
    if (role === 'same') args.push(...given.map((value) => `--${name}=${value}`))
  }
  const branch = gitBranch(values.get('git') ?? [])
  const scheme = around.env['GIT_PULL_METHOD'] === 'http' ? 'http' : 'https'
  const found = kanikoContext(last('context'), last('context-sub-path'), branch, scheme)
  const platform = last('custom-platform')
  return {
    ...found,
    args: [
      ...args,
      ...(platform === undefined ? [] : [`--platform=${platform}`]),
      ...fileArguments(last('dockerfile'), found.context, around),
      ...resultArguments(values),
      ...cacheArguments(values),
      ...retryArguments(values),
      ...(isOn('reproducible') ? ['--reproducible', '--source-date-epoch=0'] : []),
      ...(isOn('single-snapshot') ? ['--squash'] : []),
      ...progressArguments(last('verbosity'), last('log-format')),
      ...(tlsFlags.some(isOn) ? ['--tls-verify=false'] : []),
    ],
    access: kanikoAccess(values, around.env['KANIKO_REGISTRY_MIRROR']),
    notes,
  }
}

const tlsFlags = ['insecure', 'insecure-pull', 'skip-tls-verify', 'skip-tls-verify-pull'] as const

/** `branch=` of `--git`. What else it knows is about how a repository is fetched. */
function gitBranch(given: readonly string[]): string | undefined {
  const options = given.flatMap((text) => text.split(','))
  for (const option of options) {
    if (/^(?:branch|single-branch|depth|recurse-submodules)=/.test(option)) continue
    throw new ToolError('not-supported', `--git ${option}: this option is not known here`, {
      hint: 'branch, single-branch, depth and recurse-submodules are',
    })
  }
  return options.find((option) => option.startsWith('branch='))?.slice('branch='.length)
}

/** kaniko looks for the Dockerfile from here first, then in the context; where the context is no directory, inside it. */
function fileArguments(written: string | undefined, context: string, around: KanikoSurroundings): readonly string[] {
  if (written === undefined) return []
  const isDirectory = context !== '-' && !/^[a-z]+:\/\//i.test(context)
  if (!isDirectory || written.startsWith('/') || around.isFile(written)) return [`--file=${written}`]
  return [`--file=${context.replace(/\/+$/, '')}/${written}`]
}

function resultArguments(values: KanikoValues): readonly string[] {
  const destinations = values.get('destination') ?? []
  const pushes = values.get('no-push')?.at(-1) !== 'true'
  if (pushes && destinations.length === 0) {
    throw new ToolError('usage', 'nothing says where to push the image', {
      hint: 'give --destination REGISTRY/NAME:TAG, or --no-push',
    })
  }
  const compression = ['compression', 'compression-level'].flatMap((name) => {
    const value = values.get(name)?.at(-1)
    return value === undefined ? [] : [`,${name}=${value}`]
  })
  const path = (name: string): string | undefined => values.get(name)?.at(-1)
  const [tar, layout] = [path('tar-path'), path('oci-layout-path')]
  return [
    ...destinations.map((name) => `--tag=${name}`),
    ...(pushes ? [`--output=type=registry${compression.join('')}`] : []),
    ...(tar === undefined ? [] : [`--output=type=docker,"dest=${csvText(tar)}"${compression.join('')}`]),
    ...(layout === undefined ? [] : [`--output=type=oci,tar=false,"dest=${csvText(layout)}"${compression.join('')}`]),
  ]
}

/** Text inside the quotes of a CSV field. */
function csvText(text: string): string {
  return text.replaceAll('"', '""')
}

/** The repository of results: kaniko's default is `cache` below the first destination. */
function cacheArguments(values: KanikoValues): readonly string[] {
  const cache = values.get('cache')?.at(-1)
  if (cache === 'false') return ['--no-cache']
  const named = values.get('cache-repo')?.at(-1)
  const [first] = values.get('destination') ?? []
  if (cache !== 'true' || (named === undefined && first === undefined)) return []
  const place = cachePlace(named ?? `${repositoryOf(first ?? '')}/cache`)
  const sends = values.get('no-push-cache')?.at(-1) !== 'true'
  return [`--cache-from=${place.from}`, ...(sends ? [`--cache-to=${place.to},mode=max`] : [])]
}

function cachePlace(repository: string): { readonly from: string; readonly to: string } {
  if (repository.startsWith('oci:')) {
    const path = csvText(repository.slice('oci:'.length))
    return { from: `type=local,"src=${path}"`, to: `type=local,"dest=${path}"` }
  }
  return { from: `type=registry,ref=${repository}`, to: `type=registry,ref=${repository}` }
}

function repositoryOf(destination: string): string {
  const { registry, repository } = parseReference(destination)
  return `${registry}/${repository}`
}

function retryArguments(values: KanikoValues): readonly string[] {
  const counts = [...(values.get('push-retry') ?? []), ...(values.get('image-download-retry') ?? [])].map(Number)
  return counts.length === 0 ? [] : [`--retry=${Math.max(...counts)}`]
}

function progressArguments(verbosity: string | undefined, format: string | undefined): readonly string[] {
  if (format === 'json') return ['--progress=rawjson']
  return ['error', 'fatal', 'panic'].includes(verbosity ?? '') ? ['--progress=quiet'] : ['--progress=plain']
}
