import type { Diagnostic } from '../base/index.ts'
import { defineProgram } from '../build/index.ts'
import { loadIgnoreFile } from '../context/index.ts'
import type { ParsedDockerfile } from '../dockerfile/index.ts'
import type { ExcludingRule } from '../ir/index.ts'
import type { Host } from './host.ts'
import { type DockerfileRequest, type OpenDockerfile, openDockerfile, tolerant } from './open-dockerfile.ts'
import { findStored } from './stored-images.ts'

/** A Dockerfile and everything there is to say about it, in the order of the file. */
export interface CheckedDockerfile extends OpenDockerfile {
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Checks a Dockerfile by every rule and for every error that needs no build: all of its stages, or those of a target.
 * Runs and fetches nothing and needs no rights; about base images it knows what the store has. `withContext` says that
 * the context is really the one of builds, so that its ignore file counts.
 */
export async function checkDockerfile(
  request: DockerfileRequest,
  host: Host,
  withContext: boolean,
): Promise<CheckedDockerfile> {
  const opened = await openDockerfile(request, host)
  const { parsed, source, options, store } = opened
  const result = await defineProgram(source, options, {
    parse: () => Promise.resolve(parsed),
    parseTrigger: parseTriggerText,
    imageConfig: (image) => {
      const stored = store && tolerant(() => findStored(store, image.reference, undefined))
      return Promise.resolve(stored?.config ?? 'unknown')
    },
    excludedBy: withContext ? excluded(opened) : undefined,
  })
  const diagnostics = result.kind === 'needs-images' ? [] : result.diagnostics
  return { ...opened, diagnostics }
}

async function parseTriggerText(text: string, sourceName: string): Promise<ParsedDockerfile> {
  const { parseTrigger } = await import('../dockerfile/parse-dockerfile.ts')
  return parseTrigger(text, sourceName)
}

/** The rules of the ignore file; none when it takes something in again, as it may then be meant. */
function excluded({
  contextDirectory,
  path,
}: OpenDockerfile): ((path: string) => ExcludingRule | undefined) | undefined {
  const matcher = loadIgnoreFile(contextDirectory, path)
  if (matcher.rules.some(({ negated }) => negated)) return undefined
  return (source) => {
    const rule = matcher.excludedBy(source)
    return rule && { file: matcher.fileName, line: rule.line, text: rule.text }
  }
}
