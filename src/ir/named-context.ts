import { invariant, ToolError } from '../base/index.ts'
import { familiarName, formatPlatform, type Platform, parseReference, withDefaultTag } from '../oci/index.ts'
import type { NamedContext, ProgramOptions } from './types.ts'

/** A named context that stands for a name of the Dockerfile. */
export interface FoundContext {
  readonly key: string
  readonly context: NamedContext
}

/** As many named contexts may lead on to another one (BuildKit). */
const maxHops = 10

/**
 * The name under which a named context is kept: as an image name in its shortest form, without `:latest`; a platform
 * after `::` stays. Undefined when it cannot be the name of a context.
 */
export function contextKey(written: string): string | undefined {
  const [text = '', platform, ...rest] = written.split('::')
  if (rest.length > 0 || platform === '') return undefined
  try {
    const name = familiarName(withDefaultTag(parseReference(text))).replace(/:latest$/, '')
    return platform === undefined ? name : `${name}::${platform}`
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
}

/**
 * The named context that replaces a stage or image called `name`, if one does: `name::os/arch` of the platform first.
 * One that is an image may itself be replaced; who gives the contexts makes sure that this ends (`endlessContext`).
 */
export function findNamedContext(
  { contexts = {} }: ProgramOptions,
  name: string,
  platform: Platform,
): FoundContext | undefined {
  const found = follow(contexts, name, formatPlatform(platform))
  invariant(found !== 'endless', `the named context ${name} does not end`)
  return found
}

/** The name of a named context that leads on to others more than ten times, if there is one. */
export function endlessContext(contexts: NamedContexts): string | undefined {
  const names = Object.keys(contexts)
  const platforms = new Set(names.map((name) => name.split('::')[1] ?? ''))
  for (const name of names) {
    const [bare = name] = name.split('::')
    for (const platform of platforms) if (follow(contexts, bare, platform) === 'endless') return name
  }
  return undefined
}

type NamedContexts = Readonly<Record<string, NamedContext>>

function follow(contexts: NamedContexts, name: string, platform: string): FoundContext | 'endless' | undefined {
  let found = lookUp(contexts, name, platform)
  for (let hops = 0; found?.context.kind === 'image'; hops++) {
    const next = lookUp(contexts, found.context.reference, platform)
    // A name that stands for itself means the image.
    if (next === undefined || next.key === found.key) return found
    if (hops >= maxHops) return 'endless'
    found = next
  }
  return found
}

function lookUp(contexts: NamedContexts, name: string, platform: string): FoundContext | undefined {
  const key = contextKey(name)
  if (key === undefined || key === 'scratch' || key === 'context') return undefined
  for (const candidate of [`${key}::${platform}`, key]) {
    const context = Object.hasOwn(contexts, candidate) ? contexts[candidate] : undefined
    if (context !== undefined) return { key: candidate, context }
  }
  return undefined
}
