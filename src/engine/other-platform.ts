import { ToolError } from '../base/index.ts'
import { formatPlatform, type Platform } from '../oci/index.ts'
import type { Store } from '../store/index.ts'
import { findStored, localMembers, storedName } from './stored-images.ts'

/** The platforms that the store has of a name or ID, as text; empty when it has none. */
export function storedPlatforms(store: Store, text: string): readonly string[] {
  const index = store.images.index(storedName(text))?.index
  if (index !== undefined) return localMembers(index).map(({ platform }) => formatPlatform(platform))
  const image = findStored(store, text, undefined)
  return image === undefined ? [] : [formatPlatform(image.config.platform)]
}

/**
 * What a failed pull means when the store has the image, but for other platforms: most likely it was built here, and not for this
 * one. Any other error is returned as it is.
 */
export function onlyOtherPlatforms(store: Store, text: string, platform: Platform, error: unknown): unknown {
  const offered = storedPlatforms(store, text)
  const isOfRegistry = error instanceof ToolError && /^(registry-|offline|platform-)/.test(error.code)
  if (!isOfRegistry || offered.length === 0) return error
  const wanted = formatPlatform(platform)
  const message = `the store has "${text}" only for ${offered.join(', ')}, not for ${wanted}, and it cannot be pulled: ${error.message}`
  return new ToolError('platform-mismatch', message, {
    hint: `if it was built here, build it for that platform too: longshore build --platform ${[...offered, wanted].join(',')}`,
    details: { wanted, offered: offered.join(', ') },
    cause: error,
  })
}
