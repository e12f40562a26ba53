import { isAbsolute, join } from 'node:path'
import { type BakeTarget, type Entry, type EntryField, type Field, linkedTarget } from '../bake/index.ts'
import { type Diagnostic, ToolError } from '../base/index.ts'
import type { BakeTargetRequest } from '../engine/bake-scenes.ts'
import type { BuildRequest } from '../engine/build-request.ts'
import { isCacheType } from '../engine/cache-spec.ts'
import type { Host } from '../engine/host.ts'
import { type OutputSpec, parseOutput } from '../engine/output-spec.ts'
import { parseRemoteSource } from '../ir/index.ts'
import { localName } from '../oci/index.ts'
import { annotationsField } from './annotation-flags.ts'
import { bakeLimits } from './bake-limits.ts'
import { platformsField } from './platform-field.ts'
import { remoteCacheFields } from './remote-cache-flags.ts'
import { parseAgents, parseSecrets } from './secret-flags.ts'

/** What is the same for all targets: what the command line says. */
export type WholeBake = Omit<
  BuildRequest,
  | 'context'
  | 'contexts'
  | 'tags'
  | 'buildArgs'
  | 'labels'
  | 'secrets'
  | 'agents'
  | 'outputs'
  | 'noCacheFilter'
  | 'network'
  | 'addHosts'
  | 'limits'
  | 'otherTargets'
> & {
  /** Rights that `--allow` gives. */
  readonly allowed: ReadonlySet<string>
}

export interface BakeRequests {
  readonly targets: readonly BakeTargetRequest[]
  readonly diagnostics: readonly Diagnostic[]
}

/** The builds that targets of a bake file ask for. What they say that cannot be, or that there is not, is told at its place. */
export function bakeRequests(targets: readonly BakeTarget[], whole: WholeBake, host: Host): BakeRequests {
  const diagnostics: Diagnostic[] = []
  const requests = targets.map((target) => bakeRequest(target, whole, host, diagnostics))
  return { targets: requests, diagnostics }
}

function bakeRequest(
  target: BakeTarget,
  { allowed, ...whole }: WholeBake,
  host: Host,
  diagnostics: Diagnostic[],
): BakeTargetRequest {
  diagnostics.push(...bakeLimits(target, allowed))
  const reader = new FieldReader(target, diagnostics)
  const { texts, flags, lists, maps } = target
  const context = inDirectory(texts.get('context') ?? '.')
  const platforms = lists.get('platforms') ?? []
  const outputs = reader.read('output', [], () => outputSpecs(target.entries.get('output') ?? [], host))
  const contexts = new Map([...(maps.get('contexts') ?? [])].map(([name, value]) => [name, inDirectory(value)]))
  const links = [...contexts].flatMap(([name, value]) => {
    const linked = linkedTarget(value)
    return linked === undefined ? [] : [[name, linked] as const]
  })
  const stage = texts.get('target') ?? ''
  const platformFields = reader.read('platforms', {}, () =>
    platformsField({ platform: platforms, target: [] }, host.arch),
  )
  const isSilent = (target.entries.get('output') ?? []).some(({ type }) => type === 'cacheonly')
  const request: BuildRequest = {
    ...whole,
    context,
    ...dockerfileFields(target, context, host),
    ...(stage === '' ? {} : { target: stage }),
    otherTargets: [],
    tags: isSilent ? [] : reader.read('tags', [], () => checkedTags(lists.get('tags') ?? [])),
    ...platformFields,
    contexts: Object.fromEntries([...contexts].filter(([, value]) => linkedTarget(value) === undefined)),
    buildArgs: Object.fromEntries(maps.get('args') ?? []),
    labels: Object.fromEntries(maps.get('labels') ?? []),
    ...reader.read('annotations', {}, () =>
      annotationsField({ annotation: lists.get('annotations') ?? [], output: [] }, platformFields),
    ),
    noCache: whole.noCache || flags.get('no-cache') === true,
    noCacheFilter: lists.get('no-cache-filter') ?? [],
    pull: whole.pull || flags.get('pull') === true,
    network: networkOf(texts.get('network')),
    addHosts: [...(maps.get('extra-hosts') ?? [])].map(([name, address]) => `${name}:${address}`),
    limits: limitFields(target),
    secrets: reader.read('secret', {}, () => parseSecrets(entryTexts(target, 'secret'), host)),
    agents: reader.read('ssh', {}, () => parseAgents(agentTexts(target), host)),
    outputs,
    ...reader.read('cache-from', {}, () => cacheFields(target, 'cache-from', whole.offline, host)),
    ...reader.read('cache-to', {}, () => cacheFields(target, 'cache-to', whole.offline, host)),
  }
  return { name: target.name, request, links: Object.fromEntries(links), isLinked: target.isLinked === true }
}

/** Reads fields with the parsers of the command line; what they refuse becomes a diagnostic at the field's place. */
class FieldReader {
  readonly #target: BakeTarget
  readonly #diagnostics: Diagnostic[]

  constructor(target: BakeTarget, diagnostics: Diagnostic[]) {
    this.#target = target
    this.#diagnostics = diagnostics
  }

  read<T>(field: Field, otherwise: T, parse: () => T): T {
    try {
      return parse()
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      const { message, hint } = error
      const { name, places, place } = this.#target
      this.#diagnostics.push({
        code: 'bake-wrong-type',
        severity: 'error',
        message: `${field} of the target "${name}": ${message}`,
        ...(places.get(field) ?? place),
        ...(hint === undefined ? {} : { hint }),
      })
      return otherwise
    }
  }
}

/** Paths count from the current directory anyway; `cwd://` says so where the file came from elsewhere. */
function inDirectory(value: string): string {
  return value.startsWith('cwd://') ? value.slice('cwd://'.length) || '.' : value
}

/** `dockerfile` counts from the context, unlike `-f` of a build. */
function dockerfileFields(
  { name, texts }: BakeTarget,
  context: string,
  host: Host,
): Pick<BuildRequest, 'file' | 'dockerfileText'> {
  const text = texts.get('dockerfile-inline')
  if (text !== undefined) return { dockerfileText: { name: `dockerfile-inline of ${name}`, text } }
  const file = texts.get('dockerfile') ?? 'Dockerfile'
  if (file.startsWith('cwd://')) return { file: inDirectory(file) }
  if (isAbsolute(file) || parseRemoteSource(context).kind !== 'local') return { file }
  const path = join(context, file)
  return { file: isAbsolute(path) ? path : join(host.cwd, path) }
}

function checkedTags(tags: readonly string[]): readonly string[] {
  for (const tag of tags) localName(tag)
  return tags
}

function networkOf(mode: string | undefined): BuildRequest['network'] {
  return mode === 'none' || mode === 'host' ? mode : 'default'
}

function limitFields({ texts, lists }: BakeTarget): BuildRequest['limits'] {
  const shmSize = texts.get('shm-size') ?? ''
  return { ulimits: lists.get('ulimits') ?? [], ...(shmSize === '' ? {} : { shmSize }) }
}

/** Caches of types that there are; `bakeLimits` tells of the others. */
function cacheFields(
  target: BakeTarget,
  field: 'cache-from' | 'cache-to',
  isOffline: boolean,
  host: Host,
): Pick<BuildRequest, 'cacheFrom' | 'cacheTo'> {
  const known = (target.entries.get(field) ?? []).filter(({ type = '' }) => isCacheType(type)).map(entryText)
  const flags = field === 'cache-from' ? { cacheFrom: known, cacheTo: [] } : { cacheFrom: [], cacheTo: known }
  // The argument that asks for an inline cache asks once.
  const buildArg = field === 'cache-to' ? [...(target.maps.get('args') ?? [])].map((pair) => pair.join('=')) : []
  return remoteCacheFields({ ...flags, buildArg, offline: isOffline }, host)
}

/** Entries in the form of the command line. */
function entryTexts(target: BakeTarget, field: EntryField): readonly string[] {
  return (target.entries.get(field) ?? []).map(entryText)
}

function entryText(entry: Entry): string {
  return Object.entries(entry)
    .map(([key, value]) => `${key}=${value}`)
    .map((pair) => (/[",]/.test(pair) ? `"${pair.replaceAll('"', '""')}"` : pair))
    .join(',')
}

function agentTexts(target: BakeTarget): readonly string[] {
  return (target.entries.get('ssh') ?? []).map(({ id = 'default', paths }) =>
    paths === undefined ? id : `${id}=${paths}`,
  )
}

/** What the store keeps anyway needs no output: `cacheonly`, and `docker` without a file. */
function outputSpecs(entries: readonly Entry[], host: Host): readonly OutputSpec[] {
  return entries.flatMap((entry): readonly OutputSpec[] => {
    const { type, dest } = entry
    if (type === 'cacheonly' || (type === 'docker' && dest === undefined)) return []
    const output = parseOutput(entryText(entry))
    if (!('dest' in output)) return [output]
    if (output.dest === '-') {
      throw new ToolError('usage', 'standard output has the image IDs', { hint: 'name a file: dest=FILE' })
    }
    return [{ ...output, dest: isAbsolute(output.dest) ? output.dest : join(host.cwd, output.dest) }]
  })
}
