import { ToolError } from '../base/index.ts'
import { formatPlatform, type Platform, parseReference } from '../oci/index.ts'
import type { ProgramOptions } from './types.ts'

/** Key of an image's facts; see `NeededImage.key`. */
export function imageKey(reference: string, platform: Platform, options: ProgramOptions): string {
  const own = formatPlatform(platform)
  return own === formatPlatform(options.targetPlatform) ? reference : `${reference} ${own}`
}

/** Whether `text` can name an image. */
export function isReference(text: string): boolean {
  try {
    parseReference(text)
    return true
  } catch (error) {
    if (error instanceof ToolError) return false
    throw error
  }
}
