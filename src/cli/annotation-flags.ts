import { ToolError } from '../base/index.ts'
import type { BuildRequest } from '../engine/build-request.ts'
import { outputAnnotations } from '../engine/output-spec.ts'
import type { BuildFlags } from './flags.ts'

/**
 * What `--annotation [manifest|index:]KEY=VALUE` and annotations of `--output` ask of a build for `platforms`. Throws `ToolError` `usage`, `not-supported`.
 */
export function annotationsField(
  { annotation: ofBuild, output }: Pick<BuildFlags, 'annotation' | 'output'>,
  { platforms = [] }: Pick<BuildRequest, 'platforms'>,
): Pick<BuildRequest, 'annotations'> {
  const annotation = [...ofBuild, ...output.flatMap(outputAnnotations)]
  if (annotation.length === 0) return {}
  const found = { manifest: new Map<string, string>(), index: new Map<string, string>() }
  for (const text of annotation) {
    const [, types = 'manifest', key, value] = /^(?:([^:=]*):)?([^=]+)=(.*)$/s.exec(text) ?? []
    if (key === undefined || value === undefined) {
      throw new ToolError('usage', `--annotation "${text}" is not KEY=VALUE`, {
        hint: 'write --annotation org.opencontainers.image.source=https://…, with index: before it for the index',
      })
    }
    for (const type of types.split(',')) annotationsOf(found, type, text).set(key, value)
  }
  if (found.index.size > 0 && platforms.length < 2) {
    throw new ToolError('usage', 'index: annotates the index of several platforms, and this build makes none', {
      hint: 'leave index: out, or build for several with --platform linux/amd64,linux/arm64',
    })
  }
  const some = (map: ReadonlyMap<string, string>): Record<string, string> | undefined =>
    map.size === 0 ? undefined : Object.fromEntries(map)
  const [manifest, index] = [some(found.manifest), some(found.index)]
  return {
    annotations: { ...(manifest === undefined ? {} : { manifest }), ...(index === undefined ? {} : { index }) },
  }
}

function annotationsOf<T>(found: { readonly manifest: T; readonly index: T }, type: string, text: string): T {
  if (type === 'manifest' || type === 'index') return found[type]
  throw new ToolError('not-supported', `--annotation "${text}": annotations of "${type}" are not supported`, {
    hint: 'supported are manifest: (what is meant without a word) and index:',
  })
}
