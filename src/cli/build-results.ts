import type { BuildSummary } from '../build/index.ts'

/** One ID for each target or platform, in the order asked for. */
export function imageIds({ imageId, targets, platforms }: BuildSummary): readonly string[] {
  return (targets ?? platforms)?.map((one) => one.imageId) ?? [imageId]
}

/** What `--iidfile` holds: of several platforms the digest of their index, as buildx has it, where an output has one. */
export function writtenIds(summary: BuildSummary): readonly string[] {
  const { platforms, manifest } = summary
  return platforms !== undefined && manifest !== undefined ? [manifest.digest] : imageIds(summary)
}

/** What `--metadata-file` holds, under buildx's keys, and under the targets' names when there are several; the digest is the manifest's where an output has one. `more` is said of each. */
export function metadataText(summary: BuildSummary, more: Readonly<Record<string, unknown>>): string {
  const { targets } = summary
  const metadata =
    targets === undefined
      ? { ...imageMetadata(summary), ...more }
      : Object.fromEntries(targets.map((target) => [target.target, { ...imageMetadata(target), ...more }]))
  return `${JSON.stringify(metadata, null, 2)}\n`
}

function imageMetadata({
  imageId,
  manifest,
  names,
  platforms,
}: Pick<BuildSummary, 'imageId' | 'manifest' | 'names' | 'platforms'>): Readonly<Record<string, unknown>> {
  const described =
    manifest === undefined ? {} : { 'containerimage.descriptor': manifest, 'containerimage.digest': manifest.digest }
  return {
    // An index has no config; which images it has is a key of our own.
    ...(platforms === undefined
      ? { 'containerimage.config.digest': imageId }
      : { 'longshore.platforms': Object.fromEntries(platforms.map((one) => [one.platform, one.imageId])) }),
    ...described,
    ...(names.length === 0 ? {} : { 'image.name': names.join(',') }),
  }
}
