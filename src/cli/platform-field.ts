import { ToolError } from '../base/index.ts'
import { formatPlatform, hostPlatform, type Platform, parsePlatform } from '../oci/index.ts'

/** The field that the flag fills; none when it was not given. Throws `ToolError` `usage`. */
export function platformField({ platform }: { readonly platform?: string }): { readonly platform?: Platform } {
  return platform === undefined || platform === '' ? {} : { platform: parsePlatform(platform) }
}

/**
 * The platforms that `build --platform` names, each once, in order; none when it was not given. Throws `ToolError` `usage`, also
 * when several targets are to be built for several platforms.
 */
export function platformsField(
  flags: { readonly platform: readonly string[]; readonly target: readonly string[] },
  arch: string,
): { readonly platforms?: readonly Platform[] } {
  const host = hostPlatform(arch)
  const texts = flags.platform.flatMap((text) => text.split(',')).filter((text) => text !== '')
  const platforms = texts.map((text) => (text === 'local' ? host : parsePlatform(text, host)))
  const unique = [...new Map(platforms.map((platform) => [formatPlatform(platform), platform])).values()]
  const targets = new Set(flags.target.flatMap((text) => text.split(',')))
  if (unique.length > 1 && targets.size > 1) {
    throw new ToolError('usage', 'several targets cannot be built for several platforms at once', {
      hint: 'build one target after the other: what they share is cached then',
    })
  }
  return unique.length === 0 ? {} : { platforms: unique }
}
