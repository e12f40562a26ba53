import { realpathSync } from 'node:fs'
import { digestHex, digestOf, type SelectionRules, type Span } from '../base/index.ts'
import type { ContextPort } from '../build/index.ts'
import { type BuildContext, openContext } from '../context/index.ts'
import type { Store } from '../store/index.ts'

/** A build context that is opened when the first COPY asks for it. */
export interface LazyContext extends ContextPort {
  /** Remembers the fingerprints taken, for the next build. */
  save(): void
  /** What to say about selected files that git ignores, if there are any. */
  gitIgnored(
    sources: readonly string[],
    spans: readonly Span[],
    rules?: SelectionRules,
  ): Promise<{ readonly message: string; readonly hint: string } | undefined>
}

/** The context at `directory`, with the ignore file of the Dockerfile at `dockerfile`. Opens nothing yet. */
export function lazyContext(directory: string, dockerfile: string, store: Store, nowMs: () => number): LazyContext {
  let opened: BuildContext | undefined
  const context = (): BuildContext => {
    opened ??= openContext({ directory, dockerfile, memoFile: memoFile(directory, dockerfile, store), nowMs })
    return opened
  }
  return {
    select: (sources, spans, rules) => context().select(sources, spans, rules),
    save: () => opened?.save(),
    async gitIgnored(sources, spans, rules) {
      const result = context().select(sources, spans, rules)
      if (result.kind === 'missing') return undefined
      const ignored = await context().gitIgnored(result.selection)
      if (ignored === undefined) return undefined
      return {
        message: `${sources.join(' ')} takes ${ignored.count.toLocaleString('en-US')} files that git ignores (${ignored.examples.join(', ')})`,
        hint: 'if the image does not need them, list them in .dockerignore: builds get faster and secrets stay out',
      }
    },
  }
}

/** One memo for each context directory and ignore file. */
function memoFile(directory: string, dockerfile: string, store: Store): string {
  const name = digestHex(digestOf(`${realpathSync(directory)}\0${dockerfile}`)).slice(0, 32)
  return store.cachePath(`context-${name}.bin`)
}
