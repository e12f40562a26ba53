import { ToolError } from '../base/index.ts'
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

/** What is said when named contexts never come to an end. */
export function tooManyContexts(name: string): string {
  return `the named context "${name}" leads through more than ${maxHops} others`
}

export const namedContextHint = 'give --build-context the image or directory that is meant in the end'

/**
 * The named context that replaces a stage or image called `name`, if one does: `name::os/arch` of the platform first.
 * One that is an image may itself be replaced, ten times at most: `too-many` after that.
 */
export function findNamedContext(
  options: ProgramOptions,
  name: string,
  platform: Platform,
): FoundContext | 'too-many' | undefined {
  let found = lookUp(options, name, platform)
  for (let hops = 0; found?.context.kind === 'image'; hops++) {
    const next = lookUp(options, found.context.reference, platform)
    // A name that stands for itself, perhaps of a certain version, means the image.
    if (next === undefined || next.key === found.key) return found
    if (hops >= maxHops) return 'too-many'
    found = next
  }
  return found
}

function lookUp({ contexts = {} }: ProgramOptions, name: string, platform: Platform): FoundContext | undefined {
  const key = contextKey(name)
  if (key === undefined || key === 'scratch' || key === 'context') return undefined
  for (const candidate of [`${key}::${formatPlatform(platform)}`, key]) {
    const context = Object.hasOwn(contexts, candidate) ? contexts[candidate] : undefined
    if (context !== undefined) return { key: candidate, context }
  }
  return undefined
}
