import type { SelectionRules, Span } from '../base/index.ts'
import type { CopyOperation, FileSource, RemoteSource } from '../ir/index.ts'

/** Files outside of any image: the build context, a named context, or what ADD fetches. */
export type TreeSource = Extract<FileSource, { kind: 'context' | 'named' | 'workspace' }> | RemoteSource

/** What one COPY or ADD takes from one tree. */
export interface CopyPart {
  readonly source: TreeSource
  /** Patterns in the tree, and their places in the Dockerfile. */
  readonly patterns: readonly string[]
  readonly spans: readonly Span[]
  readonly unpack: boolean
  readonly rules?: SelectionRules
}

/** What decides which files a step takes from where. */
type TakenFiles = Pick<CopyOperation, 'from' | 'sources' | 'sourceSpans' | 'remotes' | 'rules'> & {
  readonly unpack?: boolean
}

/** The trees a COPY or ADD takes files from, in the order in which they are copied; none when it is a stage or an image. */
export function copyParts(files: TakenFiles): readonly CopyPart[] {
  const { from, sources, sourceSpans: spans, remotes = [], unpack = false, rules } = files
  if (from.kind === 'stage' || from.kind === 'image') return []
  const parts: CopyPart[] = []
  const kept = rules === undefined ? {} : { rules }
  // --parents is about paths; what is fetched has none.
  const fetched = rules === undefined ? {} : { rules: { ...rules, parents: false } }
  let next = 0
  const addLocal = (end: number): void => {
    const [patterns, places] = [sources.slice(next, end), spans.slice(next, end)]
    if (next < end) parts.push({ source: from, patterns, spans: places, unpack, ...kept })
    next = end
  }
  for (const remote of remotes) {
    const { source, span } = remote
    addLocal(remote.after)
    parts.push({ source, patterns: [patternIn(source)], spans: [span], unpack: remote.unpack, ...fetched })
  }
  addLocal(sources.length)
  return parts
}

/** The tree of a URL holds one file, that of a repository its files. */
function patternIn(source: RemoteSource): string {
  return literalPattern(source.kind === 'http' ? source.fileName : (source.subdir ?? '.'))
}

/** A pattern that matches `name` alone: inside a class, special characters mean themselves. */
function literalPattern(name: string): string {
  if (!/[*?[]/.test(name)) return name
  return Array.from(name, (char) => (char === '\\' ? '[\\\\]' : '*?['.includes(char) ? `[${char}]` : char)).join('')
}

/** One string per distinct tree, to use as a map key. */
export function treeName(source: TreeSource): string {
  switch (source.kind) {
    case 'context':
      return 'context'
    case 'named':
      return `named ${source.name}`
    case 'workspace':
      return `workspace ${JSON.stringify([source.root, source.packages])}`
    case 'http':
      return `http ${JSON.stringify([source.url, source.checksum ?? ''])}`
    case 'git': {
      const { url, ref = '', checksum = '', keepGitDir, submodules } = source
      return `git ${JSON.stringify([url, ref, checksum, keepGitDir, submodules])}`
    }
  }
}
