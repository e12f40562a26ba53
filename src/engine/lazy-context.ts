import { realpathSync } from 'node:fs'
import { digestHex, digestOf, type ListedEntry, type SelectionRules, type Span } from '../base/index.ts'
import type { OpenTree } from '../build/index.ts'
import { type BuildContext, type DecidingRule, openContext } from '../context/index.ts'
import type { Store } from '../store/index.ts'

/** Where the files of a build are, and what decides which of them count. */
export interface ContextSource {
  readonly directory: string
  /** The Dockerfile, when it is a file that an ignore file can stand beside. */
  readonly dockerfile?: string
  /** It was fetched: no ignore file applies, and git is not asked about it. */
  readonly fetched: boolean
}

/** A build context that is opened when the first COPY asks for it. */
export interface LazyContext extends OpenTree {
  /** Remembers the fingerprints taken, for the next build. */
  save(): void
  /** Every file that sources take; empty when one of them is not there. */
  list(sources: readonly string[], spans: readonly Span[], rules?: SelectionRules): readonly ListedEntry[]
  /** As `BuildContext` has them. */
  readonly sliced: BuildContext['sliced']
  readonly readText: BuildContext['readText']
  readonly folders: BuildContext['folders']
  /** It was fetched, and lies in no repository of the user's. */
  readonly fetched: boolean
  /** Time of the newest file in milliseconds since 1970; undefined without a file. */
  newestFile(): number | undefined
  /** The line of the ignore file that decides about a path, if one does. */
  decidingRule(path: string): DecidingRule | undefined
  /** What to say about selected files that git ignores, if there are any. */
  gitIgnored(
    sources: readonly string[],
    spans: readonly Span[],
    rules?: SelectionRules,
  ): Promise<{ readonly message: string; readonly hint: string } | undefined>
}

/** The context of a build. Opens nothing yet. */
export function lazyContext(source: ContextSource, store: Store, nowMs: () => number): LazyContext {
  const { directory, dockerfile, fetched } = source
  let opened: BuildContext | undefined
  const context = (): BuildContext => {
    const memo = memoFile(directory, dockerfile ?? '', store)
    const ignore = dockerfile === undefined ? { ignores: !fetched } : { dockerfile, ignores: !fetched }
    opened ??= openContext({ directory, memoFile: memo, nowMs, ...ignore })
    return opened
  }
  return {
    get root() {
      return context().root
    },
    select: (sources, spans, rules) => context().select(sources, spans, rules),
    fetched,
    sliced: (slice) => context().sliced(slice),
    readText: (path) => context().readText(path),
    folders: (path) => context().folders(path),
    newestFile: () => context().newestFile(),
    save: () => opened?.save(),
    list(sources, spans, rules) {
      const result = context().select(sources, spans, rules)
      return result.kind === 'missing' ? [] : context().list(result.selection)
    },
    decidingRule: (path) => context().decidingRule(path),
    async gitIgnored(sources, spans, rules) {
      // Nobody works in what was fetched, and its git settings are those of strangers.
      if (fetched) return undefined
      const result = context().select(sources, spans, rules)
      if (result.kind === 'missing') return undefined
      const ignored = await context().gitIgnored(result.selection)
      if (ignored === undefined) return undefined
      const amount = ignored.count === 1 ? 'a file' : `${ignored.count.toLocaleString('en-US')} files`
      return {
        message: `${sources.join(' ')} takes ${amount} that git ignores (${ignored.examples.join(', ')})`,
        hint: 'if the image does not need them, list them in .dockerignore: builds get faster and secrets stay out',
      }
    },
  }
}

/** Path of the memo for a context directory and its ignore file. */
export function memoFile(directory: string, dockerfile: string, store: Store): string {
  const name = digestHex(digestOf(`${realpathSync(directory)}\0${dockerfile}`)).slice(0, 32)
  return store.cachePath(`context-${name}.bin`)
}
