import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode, errorMessage, ToolError } from '../base/index.ts'
import type { Reference } from '../oci/index.ts'
import { parseToml, type TomlTable, type TomlValue } from './toml.ts'

/** One place where a repository may be found. */
export interface Route {
  readonly reference: Reference
  /** Any certificate is taken, and plain http. */
  readonly insecure: boolean
}

/**
 * Where the images of a reference are: for reading its mirrors in order and then its own place, for writing that alone.
 * Throws `ToolError` `registry-denied` for a registry that is blocked.
 */
export type Routes = (reference: Reference, purpose: 'pull' | 'push') => readonly Route[]

interface Mirror {
  readonly location: string
  readonly insecure: boolean
  readonly pulls: 'all' | 'digest-only' | 'tag-only'
}

interface Rule {
  readonly file: string
  readonly prefix: string
  readonly location: string | undefined
  readonly insecure: boolean
  readonly blocked: boolean
  readonly mirrors: readonly Mirror[]
}

/**
 * The routes of containers-registries.conf(5), version 2: the file CONTAINERS_REGISTRIES_CONF names, else the user's, else the
 * machine's, and the files of `registries.conf.d`. Names without a registry mean docker.io whatever they say. Throws
 * `ToolError` `invalid-document`.
 */
export function routesFromFiles(env: Readonly<Record<string, string | undefined>>, home: string): Routes {
  let rules: readonly Rule[] | undefined
  return (reference, purpose) => {
    rules ??= configFiles(env, home).flatMap(readRules)
    return routesOf(rules, reference, purpose)
  }
}

function configFiles(env: Readonly<Record<string, string | undefined>>, home: string): readonly string[] {
  const chosen = env['CONTAINERS_REGISTRIES_CONF'] || env['REGISTRIES_CONFIG_PATH']
  if (chosen) return [chosen]
  const user = join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers')
  const main = ['registries.conf'].flatMap((name) => [join(user, name), join('/etc/containers', name)])
  const first = main.find((path) => readText(path) !== undefined)
  // Later files win, so the user's come last.
  return [
    ...(first === undefined ? [] : [first]),
    ...dropIns(join('/etc/containers', 'registries.conf.d')),
    ...dropIns(join(user, 'registries.conf.d')),
  ]
}

function dropIns(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(directory, name))
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoCode(error) ?? '')) return []
    throw error
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoCode(error) ?? '')) return undefined
    throw new ToolError('permission-denied', `cannot read ${path}: ${errorMessage(error)}`, { cause: error })
  }
}

function readRules(file: string): readonly Rule[] {
  const text = readText(file)
  const list = text === undefined ? undefined : parseToml(text, file)['registry']
  return tables(list).flatMap((table) => {
    const location = textOf(table['location'])
    const prefix = textOf(table['prefix']) ?? location
    if (prefix === undefined || prefix === '') return []
    const byDigest = table['mirror-by-digest-only'] === true
    const mirrors = tables(table['mirror']).flatMap((mirror): readonly Mirror[] => {
      const place = textOf(mirror['location'])
      const pulls = textOf(mirror['pull-from-mirror'])
      const kind = pulls === 'digest-only' || pulls === 'tag-only' ? pulls : byDigest ? 'digest-only' : 'all'
      return place === undefined ? [] : [{ location: place, insecure: mirror['insecure'] === true, pulls: kind }]
    })
    return [
      { file, prefix, location, insecure: table['insecure'] === true, blocked: table['blocked'] === true, mirrors },
    ]
  })
}

function tables(value: TomlValue | undefined): readonly TomlTable[] {
  const isList = (one: TomlValue | undefined): one is readonly TomlValue[] => Array.isArray(one)
  const isTable = (one: TomlValue): one is TomlTable => typeof one === 'object' && !Array.isArray(one)
  return isList(value) ? value.filter(isTable) : []
}

function textOf(value: TomlValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function routesOf(rules: readonly Rule[], reference: Reference, purpose: 'pull' | 'push'): readonly Route[] {
  const name = `${reference.registry}/${reference.repository}`
  let best: Rule | undefined
  for (const rule of rules)
    if (matches(rule.prefix, name) && rule.prefix.length >= (best?.prefix.length ?? 0)) best = rule
  if (best === undefined) return [{ reference, insecure: false }]
  if (best.blocked) {
    throw new ToolError('registry-denied', `${name} is blocked by ${best.file}`, {
      hint: `choose another registry, or change the entry for "${best.prefix}" there`,
    })
  }
  const { prefix, location, insecure } = best
  const own = { reference: moved(reference, name, prefix, location), insecure }
  if (purpose === 'push') return [own]
  const wanted = reference.digest === undefined ? 'tag-only' : 'digest-only'
  const mirrors = best.mirrors
    .filter(({ pulls }) => pulls === 'all' || pulls === wanted)
    .map((mirror) => ({ reference: moved(reference, name, prefix, mirror.location), insecure: mirror.insecure }))
  return [...mirrors, own]
}

/** `host`, `host/path` or `*.example.com`; never part of a word. */
function matches(prefix: string, name: string): boolean {
  if (prefix.startsWith('*.')) {
    const host = name.slice(0, name.indexOf('/'))
    return host.endsWith(prefix.slice(1)) && host.length > prefix.length - 1
  }
  return name === prefix || name.startsWith(`${prefix}/`)
}

/** The reference with `prefix` replaced by `location`. */
function moved(reference: Reference, name: string, prefix: string, location: string | undefined): Reference {
  if (location === undefined || location === '') return reference
  const rest = prefix.startsWith('*.') ? name.slice(name.indexOf('/')) : name.slice(prefix.length)
  const [registry = '', ...path] = `${location}${rest}`.split('/')
  return { ...reference, registry, repository: path.join('/') }
}
