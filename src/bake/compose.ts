import type { Diagnostic, SourceFile } from '../base/index.ts'
import type { Environment } from './interpolate.ts'
import { collecting, type Place } from './problem.ts'
import { TargetFields } from './read-target.ts'
import type { BakeGroup, BakeTarget, Entry, MapField } from './target.ts'
import { parseEntry } from './target-entry.ts'
import type { Value } from './value.ts'
import { parseYaml, type YamlNode } from './yaml-node.ts'

/** What compose files say: a target for each service that is built, and a group of them all. */
export interface ComposeTargets {
  readonly targets: readonly BakeTarget[]
  readonly groups: readonly BakeGroup[]
}

/** The top of a compose file: secrets by name, which services name. */
type TopSecrets = ReadonlyMap<string, Entry>

/**
 * The targets of a compose file, named after their services (a dot becomes `_`), in order of names. `env` is what variables stand for.
 */
export function readCompose(source: SourceFile, env: Environment, diagnostics: Diagnostic[]): ComposeTargets {
  const root = collecting(diagnostics, () => parseYaml(source, env))
  if (root === undefined) return { targets: [], groups: [] }
  const targets: BakeTarget[] = []
  collecting(diagnostics, () => {
    const secrets = topSecrets(root.get('secrets', 'the file'))
    for (const { name, namePlace, value } of root.get('services', 'the file').entries('services')) {
      const target = collecting(diagnostics, () => readService(name, namePlace, value, secrets, env))
      if (target !== undefined) targets.push(target)
    }
  })
  targets.sort((a, b) => (a.name < b.name ? -1 : 1))
  const place = root.place
  const names = targets.map(({ name }) => name)
  return { targets, groups: names.length === 0 ? [] : [{ name: 'default', place, targets: names }] }
}

function topSecrets(node: YamlNode): TopSecrets {
  return new Map(
    node.entries('secrets').map(({ name, value }) => {
      const [file, variable] = [
        value.get('file', name).text('file'),
        value.get('environment', name).text('environment'),
      ]
      return [
        name,
        { ...(file === undefined ? {} : { src: file }), ...(variable === undefined ? {} : { env: variable }) },
      ]
    }),
  )
}

/** Undefined for a service that is not built. */
function readService(
  service: string,
  place: Place,
  node: YamlNode,
  secrets: TopSecrets,
  env: Environment,
): BakeTarget | undefined {
  const build = node.get('build', service)
  if (build.kind === 'nothing') return undefined
  const fields = new TargetFields()
  const set = (name: string, value: Value | undefined, from: YamlNode): void => {
    if (value !== undefined) fields.set(name, value, from.place, from.place)
  }
  if (build.kind === 'scalar') set('context', build.text('build'), build)
  else readBuild(build, service, set, secrets, env)
  if (build.kind === 'map') readExtension(build.get('x-bake', service), fields)
  const image = node.get('image', service)
  const tags = fields.lists.get('tags') ?? []
  if (tags.length === 0 && image.kind !== 'nothing') set('tags', [image.text('image') ?? ''], image)
  return { name: service.replaceAll('.', '_'), place, ...fields }
}

type SetField = (name: string, value: Value | undefined, from: YamlNode) => void

/** Keys of `build:` whose value is taken as it is, and the field of a target that each means. */
const plainKeys: Readonly<Record<string, string>> = {
  context: 'context',
  dockerfile: 'dockerfile',
  dockerfile_inline: 'dockerfile-inline',
  target: 'target',
  network: 'network',
  shm_size: 'shm-size',
}
const listKeys: Readonly<Record<string, string>> = {
  tags: 'tags',
  platforms: 'platforms',
  cache_from: 'cache-from',
  cache_to: 'cache-to',
  ssh: 'ssh',
  entitlements: 'entitlements',
}
const flagKeys: Readonly<Record<string, string>> = { pull: 'pull', no_cache: 'no-cache' }

function readBuild(build: YamlNode, service: string, set: SetField, secrets: TopSecrets, env: Environment): void {
  for (const { name, value } of build.entries(`build of ${service}`)) {
    const what = `${name} of ${service}`
    if (plainKeys[name] !== undefined) set(plainKeys[name], value.text(what), value)
    if (flagKeys[name] !== undefined) set(flagKeys[name], value.flag(what), value)
    if (listKeys[name] !== undefined) {
      set(listKeys[name], name === 'ssh' && value.kind === 'map' ? pairTexts(value, what) : value.texts(what), value)
    }
  }
  const maps: Readonly<Record<string, MapField>> = {
    args: 'args',
    labels: 'labels',
    additional_contexts: 'contexts',
    extra_hosts: 'extra-hosts',
  }
  for (const [key, field] of Object.entries(maps)) {
    const node = build.get(key, service)
    if (node.kind === 'nothing') continue
    set(
      field,
      new Map([...pairs(node, `${key} of ${service}`, env)].map(([name, value]) => [name, contextText(field, value)])),
      node,
    )
  }
  const wanted = build.get('secrets', service)
  if (wanted.kind !== 'nothing') set('secret', secretEntries(wanted, service, secrets), wanted)
  const limits = build.get('ulimits', service)
  if (limits.kind !== 'nothing') set('ulimits', limitTexts(limits, service), limits)
}

/** A service as a context is the target of its name. */
function contextText(field: MapField, value: string): string {
  return field === 'contexts'
    ? value.replace(/^service:(.*)$/, (_, name: string) => `target:${name.replaceAll('.', '_')}`)
    : value
}

/** A map, or a list of `key=value` (or `key:value` for hosts); a key alone has the value of the environment, if that has one. */
function pairs(node: YamlNode, what: string, env: Environment): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const add = (name: string, value: string | undefined): void => {
    const known = value ?? env(name)
    if (known !== undefined) found.set(name, known)
  }
  if (node.kind === 'map') {
    for (const { name, value } of node.entries(what)) add(name, value.text(`${name} in ${what}`))
  } else {
    for (const text of node.texts(what)) {
      const at = text.search(what.startsWith('extra_hosts') ? /[=:]/ : /=/)
      add(at < 0 ? text : text.slice(0, at), at < 0 ? undefined : text.slice(at + 1))
    }
  }
  return found
}

function pairTexts(node: YamlNode, what: string): readonly string[] {
  return node.entries(what).map(({ name, value }) => {
    const text = value.text(what)
    return text === undefined ? name : `${name}=${text}`
  })
}

/** Names of secrets at the top, alone or as `source` of a map; `target` is the id under which a step knows it. */
function secretEntries(node: YamlNode, service: string, known: TopSecrets): Value {
  return node.items(`secrets of ${service}`).map((item) => {
    const isMap = item.kind === 'map'
    const source = (isMap ? item.get('source', service).text('source') : item.text('a secret')) ?? ''
    const id = (isMap ? item.get('target', service).text('target') : undefined) ?? source
    const entry = known.get(source)
    if (entry === undefined) throw item.wrong('a secret', 'the name of one under secrets: at the top of the file')
    return new Map([['id', id], ...Object.entries(entry)])
  })
}

function limitTexts(node: YamlNode, service: string): readonly string[] {
  return node.entries(`ulimits of ${service}`).map(({ name, value }) => {
    if (value.kind !== 'map') return `${name}=${value.text(name) ?? ''}`
    const [soft, hard] = [value.get('soft', name).text('soft') ?? '', value.get('hard', name).text('hard')]
    return hard === undefined ? `${name}=${soft}` : `${name}=${soft}:${hard}`
  })
}

/** `x-bake`: what bake knows and compose does not. Lists are added to, single values replaced. */
function readExtension(node: YamlNode, fields: TargetFields): void {
  for (const { name, value } of node.entries('x-bake')) {
    const what = `x-bake ${name}`
    const texts = (): readonly string[] => {
      if (value.kind !== 'scalar') return value.texts(what)
      const text = value.text(what)
      return text === undefined ? [] : [text]
    }
    const { place } = value
    if (name === 'tags' || name === 'platforms' || name === 'no-cache-filter') {
      fields.set(name, [...new Set([...(fields.lists.get(name) ?? []), ...texts()])], place, place)
    } else if (name === 'pull' || name === 'no-cache') {
      fields.set(name, value.flag(what) ?? null, place, place)
    } else if (name === 'contexts') {
      const known = fields.maps.get(name) ?? new Map<string, string>()
      fields.set(name, new Map([...known, ...pairs(value, what, () => undefined)]), place, place)
    } else if (['cache-from', 'cache-to', 'secret', 'ssh', 'output'].includes(name)) {
      addEntries(fields, name, texts(), place)
    } else
      throw value.wrong(
        `"${name}" in x-bake`,
        'tags, platforms, contexts, cache-from, cache-to, secret, ssh, output, pull, no-cache or no-cache-filter',
      )
  }
}

function addEntries(fields: TargetFields, name: string, texts: readonly string[], place: Place): void {
  for (const field of ['cache-from', 'cache-to', 'secret', 'ssh', 'output'] as const) {
    if (field !== name) continue
    const more = texts.map((text) => parseEntry(field, text, place))
    fields.entries.set(field, [...(fields.entries.get(field) ?? []), ...more])
    fields.places.set(field, place)
  }
}
