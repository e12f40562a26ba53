import { compileGlob, joinPath, nearest } from '../base/index.ts'
import { isTable, parseTable, textOf, textsOf } from './json-value.ts'
import { invalidWorkspace, manifestPath, packageNotFound } from './problem.ts'
import type { Manifest, WorkspacePackage, WorkspaceProblem, WorkspaceSource } from './types.ts'

/** Reads a manifest. Undefined when there is none; a problem when it is no JSON object. */
export function readManifest(source: WorkspaceSource, directory: string): Manifest | WorkspaceProblem | undefined {
  const path = manifestPath(directory)
  const text = source.readText(path)
  if (text === undefined) return undefined
  const table = parseTable(text)
  if (table === undefined)
    return invalidWorkspace(`${path} is no JSON object`, `correct ${path}, or take it out of the workspace`)
  const manager = textOf(table, 'packageManager')
  return {
    name: textOf(table, 'name') ?? '',
    dependencies: textsOf(table, 'dependencies'),
    devDependencies: textsOf(table, 'devDependencies'),
    optionalDependencies: textsOf(table, 'optionalDependencies'),
    workspaces: globsOf(table['workspaces']),
    ...(manager === undefined ? {} : { packageManager: manager }),
    rewrites: ['overrides', 'resolutions', 'pnpm'].some((name) => isTable(table[name])),
  }
}

/** An array of globs, or an object that has one as `packages`. */
function globsOf(value: unknown): readonly string[] {
  const list: unknown = isTable(value) ? value['packages'] : value
  return Array.isArray(list) ? list.filter((glob): glob is string => typeof glob === 'string') : []
}

/** Every package that the globs of a workspace name, and the root, by directory. */
export function findPackages(
  source: WorkspaceSource,
  root: Manifest,
  globs: readonly string[],
): ReadonlyMap<string, WorkspacePackage> | WorkspaceProblem {
  const found = new Map<string, WorkspacePackage>([['', { directory: '', manifest: root }]])
  const directories = new Set<string>()
  for (const written of globs) {
    const isNegated = written.startsWith('!')
    const pattern = written
      .replace(/^!/, '')
      .replace(/^\.?\/+/, '')
      .replace(/\/+$/, '')
    for (const glob of expandBraces(pattern)) {
      const names = glob.split('/').filter((name) => name !== '' && name !== '.')
      const tests = names.map((name) => (name === '**' ? ('any' as const) : compileGlob(name)))
      if (/[()]/.test(glob) || names.includes('..') || tests.includes(undefined)) {
        return invalidWorkspace(
          `the workspace pattern "${written}" is not understood`,
          'name directories of the workspace, with *, ** and {a,b}',
        )
      }
      const known = tests.flatMap((test) => test ?? [])
      for (const directory of matching(source, '', known)) {
        if (isNegated) directories.delete(directory)
        else directories.add(directory)
      }
    }
  }
  for (const directory of [...directories].sort()) {
    const manifest = readManifest(source, directory)
    if (manifest === undefined) continue
    if ('kind' in manifest) return manifest
    found.set(directory, { directory, manifest })
  }
  return found
}

/** `a/{b,c}` as `a/b` and `a/c`. */
function expandBraces(pattern: string): readonly string[] {
  const [whole, before = '', inner = '', after = ''] = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(pattern) ?? []
  if (whole === undefined) return [pattern]
  return inner.split(',').flatMap((one) => expandBraces(before + one + after))
}

/** Directories below `directory` that a pattern matches; installed packages and hidden directories are none. */
function matching(source: WorkspaceSource, directory: string, tests: readonly (RegExp | 'any')[]): readonly string[] {
  const [test, ...rest] = tests
  if (test === undefined) return directory === '' ? [] : [directory]
  const folders = source.folders(directory).filter((name) => name !== 'node_modules' && !name.startsWith('.'))
  if (test !== 'any')
    return folders
      .filter((name) => test.test(name))
      .flatMap((name) => matching(source, joinPath(directory, name), rest))
  return [
    ...matching(source, directory, rest),
    ...folders.flatMap((name) => matching(source, joinPath(directory, name), tests)),
  ]
}

/** The directory of a package by its name, or by its path when that begins with `./`. */
export function directoryOf(
  packages: ReadonlyMap<string, WorkspacePackage>,
  wanted: string,
): string | WorkspaceProblem {
  if (wanted.startsWith('./')) {
    const directory = wanted.slice(2).replace(/\/+$/, '')
    if (packages.has(directory)) return directory
  }
  const names = [...packages.values()].filter(({ manifest }) => manifest.name === wanted)
  const [first, second] = names
  if (second !== undefined) {
    const message = `"${wanted}" is the name of two packages, in ${manifestPath(first?.directory ?? '')} and ${manifestPath(second.directory)}`
    return invalidWorkspace(message, 'give each package of the workspace a name of its own')
  }
  if (first !== undefined) return first.directory
  const known = [...packages.values()].flatMap(({ directory, manifest }) => (directory === '' ? [] : manifest.name))
  const guess = known.find((name) => name.endsWith(`/${wanted}`)) ?? nearest(wanted, known)
  return packageNotFound(
    `the workspace has no package "${wanted}"`,
    guess === undefined
      ? 'name a package by the name in its package.json, or as ./DIRECTORY'
      : `did you mean "${guess}"?`,
  )
}

/** The directory of the workspace that a `file:`, `link:` or `portal:` dependency of `from` means; undefined when it is none. */
export function localDirectory(from: string, range: string): string | undefined {
  const [, path] = /^(?:file|link|portal):(.*)$/.exec(range) ?? []
  return path === undefined || path.startsWith('/') ? undefined : joinDirectory(from, path)
}

/** `path` as seen from a directory, as a path from the root; undefined when it leaves the workspace. */
export function joinDirectory(from: string, path: string): string | undefined {
  const names: string[] = from === '' ? [] : from.split('/')
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name !== '..') names.push(name)
    else if (names.pop() === undefined) return undefined
  }
  return names.join('/')
}
