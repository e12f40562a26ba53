import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import {
  type BakeDefinition,
  type BakePlan,
  parseDotEnv,
  parseOverrides,
  readDefinition,
  resolveTargets,
} from '../bake/index.ts'
import {
  type Diagnostic,
  errnoCode,
  errorMessage,
  hasErrors,
  type SourceFile,
  sourceFile,
  ToolError,
} from '../base/index.ts'
import { formatPlatform, hostPlatform } from '../oci/index.ts'
import type { Host } from './host.ts'

/** Which bake files to read, and what of them is wanted. Paths may be relative to the host's current directory. */
export interface BakeQuestion {
  /** `-` is standard input; without any, those of the default names that are there. */
  readonly files: readonly string[]
  readonly targets: readonly string[]
  /** As `--set`: `TARGET.KEY=VALUE`. */
  readonly set: readonly string[]
  readonly variables: ReadonlyMap<string, string>
}

/** Bake files that were read. With errors, there is no plan. */
export interface OpenBake {
  readonly sources: readonly SourceFile[]
  readonly definition: BakeDefinition
  readonly plan?: BakePlan
  readonly diagnostics: readonly Diagnostic[]
}

/** Names of bake files when none is given: all that are there are read, later ones over earlier ones. */
export const defaultBakeFiles = [
  'compose.yaml',
  'compose.yml',
  'docker-compose.yml',
  'docker-compose.yaml',
  'docker-bake.json',
  'docker-bake.hcl',
  'docker-bake.override.json',
  'docker-bake.override.hcl',
]

/** Reads bake files and chooses targets. Throws `ToolError` `bake-file-not-found`, `context-unreadable`, `usage`. */
export async function openBake(question: BakeQuestion, host: Host, choose = true): Promise<OpenBake> {
  const sources = await readBakeFiles(question.files, host)
  const { env, cwd, arch } = host
  const definition = await readDefinition(sources, {
    env,
    dotEnv: parseDotEnv(readText(join(cwd, '.env')) ?? ''),
    variables: question.variables,
    builtins: new Map([
      ['BAKE_LOCAL_PLATFORM', formatPlatform(hostPlatform(arch))],
      ['BAKE_CMD_CONTEXT', cwd],
    ]),
    nowMs: host.nowMs(),
    homeDirectory: env['HOME'] ?? '/',
    randomUuid: () => randomUUID(),
  })
  const { diagnostics } = definition
  if (hasErrors(diagnostics) || !choose) return { sources, definition, diagnostics }
  const names = definition.targets.map(({ name }) => name)
  const overrides = parseOverrides(question.set, names, (name) => env[name])
  const plan = resolveTargets(definition, question.targets, overrides)
  const all = [...diagnostics, ...plan.diagnostics]
  return hasErrors(all) ? { sources, definition, diagnostics: all } : { sources, definition, plan, diagnostics: all }
}

async function readBakeFiles(files: readonly string[], host: Host): Promise<readonly SourceFile[]> {
  if (files.length > 0) return Promise.all(files.map((file) => readNamed(file, host)))
  const found = defaultBakeFiles.flatMap((name) => {
    const text = readText(join(host.cwd, name))
    return text === undefined ? [] : [sourceFile(name, text)]
  })
  if (found.length > 0) return found
  throw new ToolError('bake-file-not-found', 'there is no bake file in the current directory', {
    hint: `looked for ${defaultBakeFiles.join(', ')}; name another file with -f FILE`,
  })
}

async function readNamed(file: string, host: Host): Promise<SourceFile> {
  if (file === '-') {
    const chunks: Uint8Array[] = []
    for await (const chunk of host.stdin()) chunks.push(chunk)
    return sourceFile('-', Buffer.concat(chunks).toString())
  }
  if (/^[a-z+]+:\/\/|^git@/.test(file)) {
    throw new ToolError('not-supported', `"${file}": bake files are read from this machine only`, {
      hint: 'fetch the repository first, and name the file in it',
    })
  }
  const text = readText(isAbsolute(file) ? file : join(host.cwd, file))
  if (text !== undefined) return sourceFile(file, text)
  throw new ToolError('bake-file-not-found', `the bake file "${file}" does not exist`, {
    hint: '-f is relative to the current directory',
  })
}

/** Undefined when there is no such file. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return undefined
    throw new ToolError('context-unreadable', `cannot read "${path}": ${errorMessage(error)}`, {
      hint: 'check its type and permissions',
      cause: error,
    })
  }
}
