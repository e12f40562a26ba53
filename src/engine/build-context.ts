import { readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { type SourceFile, sourceFile, ToolError } from '../base/index.ts'
import { readContextFile } from '../context/index.ts'
import { describeRemote, parseRemoteSource, type RemoteSource } from '../ir/index.ts'
import { defaultNames, readDockerfile, requireDirectory } from './dockerfile-source.ts'
import {
  emptyTree,
  type FetchedTree,
  type FetchSettings,
  fetchFileTree,
  fetchGitFolder,
  isArchive,
  unpackContext,
  unpackedContext,
} from './fetched-trees.ts'
import type { ContextSource } from './lazy-context.ts'
import { keepStdin } from './stdin-file.ts'

/** The files of a build and its Dockerfile. */
export interface OpenedContext extends ContextSource {
  readonly source: SourceFile
}

/** What was asked for on the command line. */
export interface ContextRequest {
  /** A directory, `-` for standard input, or an address. */
  readonly context: string
  /** The Dockerfile: a path, or `-` for standard input; for a context that is no directory, a path inside it. */
  readonly file?: string
  /** The Dockerfile itself, and what messages call it. */
  readonly dockerfileText?: { readonly name: string; readonly text: string }
  readonly buildArgs: Readonly<Record<string, string>>
}

/** Build argument by which BuildKit is told to keep `.git` of a context. */
const keepGitDirArgument = 'BUILDKIT_CONTEXT_KEEP_GIT_DIR'

/**
 * Finds the build context and the Dockerfile, and fetches them when they are elsewhere: a directory; `-`, a tar (plain,
 * gzip, bzip2, xz, zstd) or a bare Dockerfile on standard input; a git repository, `URL#ref:folder`; an archive or a
 * bare Dockerfile by http(s). Throws `ToolError` `context-not-found`, `dockerfile-not-found`, `usage` and what fetching
 * and unpacking throw.
 */
export async function openBuildContext(request: ContextRequest, settings: FetchSettings): Promise<OpenedContext> {
  const { context, file, dockerfileText: given } = request
  const { cwd } = settings.host
  const remote = context === '-' ? undefined : remoteContext(context, cwd)
  if (file === '-' || given !== undefined) {
    if (context === '-' && given === undefined) {
      throw new ToolError('usage', 'both the build context and the Dockerfile are to come on standard input', {
        hint: 'put the Dockerfile into the archive, or name a directory: longshore build -f - .',
      })
    }
    const source = given === undefined ? await stdinDockerfile(settings) : sourceFile(given.name, given.text)
    if (context === '-') return { ...(await stdinContext(undefined, settings)), source }
    if (remote !== undefined) return { ...(await remoteFiles(request, remote, settings)).tree, fetched: true, source }
    const directory = isAbsolute(context) ? context : join(cwd, context)
    requireDirectory(directory)
    return { directory, fetched: false, source }
  }
  if (context === '-') return stdinContext(file, settings)
  if (remote !== undefined) {
    const { tree, dockerfile } = await remoteFiles(request, remote, settings)
    if (dockerfile !== undefined) return { ...tree, fetched: true, source: bareDockerfile(dockerfile, context, file) }
    return withDockerfile(tree, file, describeRemote(remote))
  }
  const directory = isAbsolute(context) ? context : join(cwd, context)
  const { path, source } = readDockerfile(cwd, directory, file)
  return { directory, dockerfile: path, fetched: false, source }
}

/** The address that a context is, unless a directory has that name. */
function remoteContext(context: string, cwd: string): RemoteSource | undefined {
  if (statSync(isAbsolute(context) ? context : join(cwd, context), { throwIfNoEntry: false }) !== undefined)
    return undefined
  const source = parseRemoteSource(/^github\.com\//.test(context) ? withGitSuffix(`https://${context}`) : context)
  if (source.kind === 'http' || source.kind === 'git') return source
  if (source.kind === 'local') return undefined
  throw new ToolError('context-not-found', `the build context cannot be ${context}: ${source.reason}`, {
    hint: 'a context is a directory, - for standard input, a git repository, or an http(s) address',
  })
}

/** `github.com/user/repository`, as docker takes it: the one host whose name alone tells git. */
function withGitSuffix(text: string): string {
  const [, path = text, rest = ''] = /^([^#?]*)(.*)$/s.exec(text) ?? []
  return path.endsWith('.git') ? text : `${path.replace(/\/$/, '')}.git${rest}`
}

/** Files of a context, and its Dockerfile when that is all that came. */
interface ContextFiles {
  readonly tree: FetchedTree
  readonly dockerfile?: string
}

async function remoteFiles(
  request: ContextRequest,
  source: RemoteSource,
  settings: FetchSettings,
): Promise<ContextFiles> {
  if (source.kind === 'git') {
    const keepGitDir = source.keepGitDir || request.buildArgs[keepGitDirArgument] === '1'
    return { tree: await fetchGitFolder(settings, { ...source, keepGitDir }) }
  }
  const { tree, digest } = await fetchFileTree(settings, { ...source, fileName: 'context' })
  return filesOf(join(tree.directory, 'context'), digest, settings)
}

/** What a file holds that was sent as a context: an archive, or a Dockerfile alone. */
async function filesOf(path: string, digest: string, settings: FetchSettings): Promise<ContextFiles> {
  const client = await settings.remote.client()
  const unpacked = unpackedContext(client, digest)
  if (unpacked !== undefined) return { tree: unpacked }
  if (await isArchive(path)) return { tree: await unpackContext(settings, client, path, digest) }
  return { tree: await emptyTree(client), dockerfile: readDockerfileText(path) }
}

async function stdinContext(file: string | undefined, settings: FetchSettings): Promise<OpenedContext> {
  const stdin = await keepStdin(settings.host, await settings.remote.client())
  const { tree, dockerfile } = await filesOf(stdin.path, stdin.digest, settings)
  if (dockerfile !== undefined)
    return { ...tree, fetched: true, source: bareDockerfile(dockerfile, 'standard input', file) }
  return withDockerfile(tree, file, 'the archive on standard input')
}

async function stdinDockerfile(settings: FetchSettings): Promise<SourceFile> {
  const { path } = await keepStdin(settings.host, await settings.remote.client())
  return sourceFile('Dockerfile', readDockerfileText(path))
}

function readDockerfileText(path: string): string {
  const bytes = readFileSync(path)
  if (!bytes.includes(0)) return bytes.toString('utf8')
  throw new ToolError('archive-invalid', 'what came as a build context is neither an archive nor a Dockerfile', {
    hint: 'a context is a tar, plain or compressed with gzip, bzip2, xz or zstd, or a Dockerfile alone',
  })
}

function bareDockerfile(text: string, place: string, file: string | undefined): SourceFile {
  if (file === undefined) return sourceFile('Dockerfile', text)
  throw new ToolError('dockerfile-not-found', `what came from ${place} is no archive, so "${file}" is not in it`, {
    hint: 'leave -f out when only the Dockerfile is sent',
  })
}

/** Finds the Dockerfile inside a context that was fetched. */
function withDockerfile(tree: FetchedTree, file: string | undefined, place: string): OpenedContext {
  for (const name of file === undefined ? defaultNames : [file]) {
    const text = readContextFile(tree.directory, name)
    if (text !== undefined) return { ...tree, fetched: true, source: sourceFile(name, text) }
  }
  const names = file === undefined ? defaultNames.join(', ') : `"${file}"`
  throw new ToolError('dockerfile-not-found', `no Dockerfile in ${place}: looked for ${names}`, {
    hint: 'name it with -f FILE, seen from the top of the context',
  })
}
