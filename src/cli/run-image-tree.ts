import { parseSize, ToolError } from '../base/index.ts'
import { type ImageChange, imageDifference, imageTree } from '../engine/image-tree.ts'
import {
  formatBytes,
  renderImageDifference,
  renderImageTree,
  type ShownImageTree,
  type ShownPathChange,
  terminalSafeJson,
  wasteText,
} from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { ImageTreeFlags } from './flags.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore image tree`; returns the exit code: 1 when the image is beyond a limit. */
export async function runImageTree(image: string, flags: ImageTreeFlags, root: string | undefined): Promise<number> {
  const limits = parseLimits(flags)
  const tree = await imageTree(processHost(), root, image)
  const text = flags.format === 'json' ? `${terminalSafeJson(tree)}\n` : renderImageTree(tree, flags.all === true)
  process.stdout.write(text)
  return judge(limits, tree)
}

/** Runs `longshore image diff`; the limits are for the second image. Returns the exit code. */
export async function runImageDiff(
  images: readonly [string, string],
  flags: ImageTreeFlags,
  root: string | undefined,
): Promise<number> {
  const limits = parseLimits(flags)
  const difference = await imageDifference(processHost(), root, images)
  const { first, second, changes } = difference
  const shown = changes.map(shownChange)
  const text =
    flags.format === 'json'
      ? `${terminalSafeJson(difference)}\n`
      : renderImageDifference(first, second, shown, flags.all === true)
  process.stdout.write(text)
  return judge(limits, second)
}

function shownChange({ kind, path, type, what, beforeBytes, afterBytes }: ImageChange): ShownPathChange {
  const change = { kind, path, type, sizeBytes: kind === 'D' ? beforeBytes : afterBytes }
  if (what === undefined) return change
  return { ...change, what: what === 'content' ? `content, was ${formatBytes(beforeBytes)}` : what }
}

interface Limits {
  readonly maxSizeBytes: number
  readonly maxWasted: { readonly text: string; of(sizeBytes: number): number }
}

function parseLimits({ maxSize, maxWasted }: ImageTreeFlags): Limits {
  return {
    maxSizeBytes: maxSize === undefined ? Number.POSITIVE_INFINITY : parseSize(maxSize, '--max-size', 'decimal'),
    maxWasted: { text: maxWasted ?? '', of: parseWasted(maxWasted) },
  }
}

function parseWasted(text: string | undefined): (sizeBytes: number) => number {
  if (text === undefined) return () => Number.POSITIVE_INFINITY
  const [, percent] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text) ?? []
  if (percent !== undefined) return (sizeBytes) => (sizeBytes * Number(percent)) / 100
  if (text.endsWith('%')) {
    throw new ToolError('usage', `cannot read --max-wasted "${text}"`, { hint: 'write a size or a share: 10MB, 5%' })
  }
  const bytes = parseSize(text, '--max-wasted', 'decimal')
  return () => bytes
}

function judge({ maxSizeBytes, maxWasted }: Limits, image: Pick<ShownImageTree, 'sizeBytes' | 'wastedBytes'>): number {
  const { sizeBytes, wastedBytes } = image
  const complaints = [
    ...(sizeBytes > maxSizeBytes
      ? [`the image has ${formatBytes(sizeBytes)}, more than --max-size ${formatBytes(maxSizeBytes)}`]
      : []),
    ...(wastedBytes > maxWasted.of(sizeBytes)
      ? [`the image wastes ${wasteText(image)}, more than --max-wasted ${maxWasted.text}`]
      : []),
  ]
  for (const complaint of complaints) process.stderr.write(`error: ${complaint}\n`)
  return complaints.length > 0 ? exitCodes.stepFailed : exitCodes.done
}
