import { canonicalHash, type SourceFile } from '../base/index.ts'
import { grammarVersion, type ParsedDockerfile } from '../dockerfile/index.ts'
import type { Store } from '../store/index.ts'

/**
 * Parses a Dockerfile, or takes its AST from the store when the same text was parsed before by the same grammar: then
 * no parser is loaded at all.
 */
export async function parseCached(source: SourceFile, store: Store): Promise<ParsedDockerfile> {
  return cachedAst(store, 'file', source.name, source.text, async () => {
    const { parseDockerfile } = await import('../dockerfile/parse-dockerfile.ts')
    return parseDockerfile(source)
  })
}

/** Parses the text of an ONBUILD trigger that an image config holds, or takes its AST from the store. */
export async function parseTriggerCached(text: string, sourceName: string, store: Store): Promise<ParsedDockerfile> {
  return cachedAst(store, 'trigger', sourceName, text, async () => {
    const { parseTrigger } = await import('../dockerfile/parse-dockerfile.ts')
    return parseTrigger(text, sourceName)
  })
}

async function cachedAst(
  store: Store,
  kind: 'file' | 'trigger',
  sourceName: string,
  text: string,
  parse: () => Promise<ParsedDockerfile>,
): Promise<ParsedDockerfile> {
  const identity = canonicalHash('longshore.ast/1', { grammarVersion, kind, sourceName, text })
  const name = `ast-${identity.slice(0, 32)}.json`
  const cached = decodeParsed(store.readCache(name))
  if (cached !== undefined) return cached
  const parsed = await parse()
  store.writeCache(name, JSON.stringify(parsed))
  return parsed
}

function decodeParsed(bytes: Uint8Array | undefined): ParsedDockerfile | undefined {
  if (bytes === undefined) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return isParsed(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The file's name carries the grammar's version, so its outline is enough to tell a whole file from a broken one. */
function isParsed(value: unknown): value is ParsedDockerfile {
  return typeof value === 'object' && value !== null && 'instructions' in value && 'diagnostics' in value
}
