import { digestHex, digestOf, type SourceFile, sourceFile } from '../base/index.ts'
import { grammarVersion, type ParsedDockerfile } from '../dockerfile/index.ts'
import type { Store } from '../store/index.ts'

/**
 * Parses a Dockerfile, or takes its AST from the store when the same text was parsed before by the same grammar: then
 * no parser is loaded at all.
 */
export async function parseCached(source: SourceFile, store: Store): Promise<ParsedDockerfile> {
  const name = `ast-${grammarVersion}-${digestHex(digestOf(`${source.name}\0${source.text}`)).slice(0, 32)}.json`
  const cached = decodeParsed(store.readCache(name))
  if (cached !== undefined) return cached
  const { parseDockerfile } = await import('../dockerfile/parse-dockerfile.ts')
  const parsed = parseDockerfile(source)
  store.writeCache(name, JSON.stringify(parsed))
  return parsed
}

/** Parses the text of an ONBUILD trigger that an image config holds. */
export async function parseTriggerCached(text: string, store: Store): Promise<ParsedDockerfile> {
  return parseCached(sourceFile('ONBUILD', text), store)
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
