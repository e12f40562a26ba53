import { type ContentDigest, canonicalHash, invariant, parseContentDigest } from '../base/index.ts'
import { copyParts } from '../plan/index.ts'
import type { CopySource, LookupPorts, SelectResult, TreePart, WantedFiles } from './ports.ts'

/** What a step takes from trees outside of images, and its identity. */
export interface SelectedParts {
  readonly digest: ContentDigest
  readonly source: CopySource
}

/**
 * Picks the files of a step that takes them from contexts or fetches them, not from a stage or an image. The trees must
 * have been fetched. The same files have the same identity, whichever tree they are in.
 */
export function selectParts(
  files: WantedFiles,
  ports: Pick<LookupPorts, 'context' | 'trees'>,
): SelectResult<SelectedParts> {
  if (files.from.kind === 'context' && files.from.tree === undefined && files.remotes === undefined) {
    const result = ports.context.select(files.sources, files.sourceSpans, files.rules)
    if (result.kind === 'missing') return result
    const { selection } = result
    return { kind: 'selected', selection: { digest: selection.contentDigest, source: { kind: 'context', selection } } }
  }
  const wanted = copyParts(files)
  invariant(wanted.length > 0, 'files of a stage or an image are not in trees')
  const parts: TreePart[] = []
  for (const { source, patterns, spans, unpack, rules } of wanted) {
    const tree = ports.trees.open(source)
    const result = tree.select(patterns, spans, rules)
    if (result.kind === 'missing') return result
    parts.push({ root: tree.root, selection: result.selection, unpack })
  }
  return { kind: 'selected', selection: { digest: partsDigest(parts), source: { kind: 'trees', parts } } }
}

function partsDigest(parts: readonly TreePart[]): ContentDigest {
  const digests = parts.map(({ selection }) => selection.contentDigest)
  const [first, ...others] = digests
  invariant(first !== undefined, 'a copy from trees has a part')
  if (others.length === 0) return first
  return parseContentDigest(`sha256:${canonicalHash('longshore.parts/1', digests)}`)
}
