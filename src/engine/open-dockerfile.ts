import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { type SourceFile, ToolError } from '../base/index.ts'
import type { ParsedDockerfile } from '../dockerfile/index.ts'
import type { ProgramOptions } from '../ir/index.ts'
import { hostPlatform } from '../oci/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { readDockerfile } from './dockerfile-source.ts'
import { type Host, storeRoot } from './host.ts'
import { parseCached } from './parse.ts'

/** Which Dockerfile to read, and how it would be built. Paths may be relative to the host's current directory. */
export interface DockerfileRequest {
  readonly context: string
  readonly file?: string
  readonly buildArgs: Readonly<Record<string, string>>
  readonly target?: string
  readonly root?: string
}

/** A Dockerfile that was read and parsed. */
export interface OpenDockerfile {
  readonly path: string
  /** Absolute. */
  readonly contextDirectory: string
  readonly source: SourceFile
  readonly parsed: ParsedDockerfile
  readonly options: ProgramOptions
  /** A store that was there already: looking at a Dockerfile makes none, and gets along without. */
  readonly store: Store | undefined
}

/** Reads and parses a Dockerfile, and needs nothing else. Throws `ToolError` when there is no such file. */
export async function openDockerfile(request: DockerfileRequest, host: Host): Promise<OpenDockerfile> {
  const { context, file, buildArgs, target } = request
  const contextDirectory = isAbsolute(context) ? context : join(host.cwd, context)
  const { path, source } = readDockerfile(host.cwd, contextDirectory, file)
  const store = tolerant(() => {
    const root = storeRoot(host, request.root)
    return existsSync(root) ? openStore(root) : undefined
  })
  const platform = hostPlatform(host.arch)
  return {
    path,
    contextDirectory,
    source,
    parsed: await parse(source, store),
    options: {
      buildArgs,
      buildPlatform: platform,
      targetPlatform: platform,
      level: 'check',
      ...(target === undefined ? {} : { target }),
    },
    store,
  }
}

async function parse(source: SourceFile, store: Store | undefined): Promise<ParsedDockerfile> {
  try {
    if (store !== undefined) return await parseCached(source, store)
  } catch (error) {
    // Somebody else's store, or a full disk: the text alone will do.
    if (!(error instanceof ToolError)) throw error
  }
  const { parseDockerfile } = await import('../dockerfile/parse-dockerfile.ts')
  return parseDockerfile(source)
}

/** The result of a look at the store, or undefined when it cannot be read. */
export function tolerant<T>(look: () => T | undefined): T | undefined {
  try {
    return look()
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
}
