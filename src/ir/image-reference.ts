import { ToolError } from '../base/index.ts'
import { formatPlatform, type Platform, parseReference } from '../oci/index.ts'
import type { ProgramOptions } from './types.ts'

/** Key of an image's facts; see `NeededImage.key`. */
export function imageKey(reference: string, platform: Platform, options: ProgramOptions): string {
  const own = formatPlatform(platform)
  return own === formatPlatform(options.targetPlatform) ? reference : `${reference} ${own}`
}

/** Why `text` cannot name an image; undefined when it can. */
export function referenceProblem(text: string): string | undefined {
  try {
    parseReference(text)
    return undefined
  } catch (error) {
    if (error instanceof ToolError) return String(error.details['why'])
    throw error
  }
}

/**
 * The reference that was most likely meant by a text that is none: a name in capitals, a URL or skopeo's transport in
 * front, `@` before a tag, a colon too many. Undefined without a guess.
 */
export function intendedReference(text: string): string | undefined {
  const bare = text.replace(/^(?:docker|https?|oci):\/\//i, '').replace(/[:/]+$/, '')
  const tagged = bare.replace(/^([^:@]+)@(?!sha256)([\w.-]+)$/, '$1:$2')
  const lower = tagged.replace(/^[^:@]+/, (name) => name.toLowerCase())
  const guess = [bare, tagged, lower].find((candidate) => referenceProblem(candidate) === undefined)
  return guess === text ? undefined : guess
}
