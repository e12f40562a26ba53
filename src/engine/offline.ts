import { ToolError } from '../base/index.ts'
import type { StepFailure } from '../build/index.ts'
import { formatPlatform, type Platform, parseReference, withDefaultTag } from '../oci/index.ts'
import { graphImages, type StepGraph } from '../plan/index.ts'
import type { Scene } from './scene.ts'

interface WantedImage {
  readonly reference: string
  readonly platform: Platform
}

/**
 * Looks whether everything that a graph needs from elsewhere is in the store. `unfetched` are the steps whose files
 * could not be had. Throws `ToolError` `offline` that names all that is missing.
 */
export function requireLocal(scene: Scene, graph: StepGraph, unfetched: readonly StepFailure[]): void {
  const missing = graphImages(graph).filter((image) => isMissing(scene, image))
  const refused = unfetched.flatMap(({ error }) => (error?.code === 'offline' ? [error] : []))
  // Another failure has something else to say, and is told as it is.
  if (missing.length + refused.length > 0 && refused.length === unfetched.length) throw missingOffline(missing, refused)
}

/** Whether only a registry could bring an image. */
export function isMissing({ images, contexts }: Scene, { reference, platform }: WantedImage): boolean {
  return !contexts.layouts.has(reference) && images.find(reference, platform) === undefined
}

/** The error that lists what only the network could bring, and from where. */
export function missingOffline(images: readonly WantedImage[], refused: readonly ToolError[]): ToolError {
  const needs = [
    ...images.map(
      ({ reference, platform }) =>
        `the image ${reference} for ${formatPlatform(platform)}, from ${registryOf(reference)}`,
    ),
    ...refused.map(({ details }) => String(details['needed'])),
  ]
  const listed = needs.length === 1 ? ` ${needs[0] ?? ''}` : `\n${needs.map((need) => `  ${need}`).join('\n')}`
  const pulls = images.map(({ reference }) => `longshore pull ${reference}`)
  return new ToolError('offline', `--offline forbids the network, but this is needed from it:${listed}`, {
    hint:
      pulls.length === 0
        ? 'build once without --offline; what was fetched stays in the store'
        : `fetch it while there is a network: ${pulls.join('; ')}`,
    details: { missing: needs.length },
  })
}

function registryOf(reference: string): string {
  return withDefaultTag(parseReference(reference)).registry
}
