import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { checkout } from './actor.ts'
import type { NpmRegistry, TestPackage } from './npm-registry.ts'

export type PackageManagerName = 'npm' | 'npm-v2' | 'pnpm' | 'pnpm8' | 'yarn' | 'berry'

/** A package manager as the tests use it: real, but with a registry on loopback and folders of its own. */
export interface PackageManager {
  readonly lockFile: string
  /** Range by which packages of the workspace name each other. */
  readonly own: string
  /** Files beside the manifests; `registry` is an address. */
  files(registry: string): Readonly<Record<string, string>>
  /** Words that write the lock file, and words that install what it says and refuse anything else. */
  readonly lock: readonly string[]
  readonly frozen: readonly string[]
}

const bin = (path: string): readonly string[] => [process.execPath, join(checkout, 'node_modules', path)]
const pnpmFiles = (): Record<string, string> => ({ 'pnpm-workspace.yaml': 'packages:\n  - packages/*\n  - apps/*\n' })
const npm = {
  lockFile: 'package-lock.json',
  own: '1.0.0',
  files: () => ({}),
  frozen: ['npm', 'ci', '--no-audit'],
} as const
const lockOnly = ['npm', 'install', '--package-lock-only', '--no-audit'] as const

export const packageManagers: Readonly<Record<PackageManagerName, PackageManager>> = {
  npm: { ...npm, lock: [...lockOnly, '--lockfile-version=3'] },
  'npm-v2': { ...npm, lock: [...lockOnly, '--lockfile-version=2'] },
  pnpm: {
    lockFile: 'pnpm-lock.yaml',
    own: 'workspace:*',
    files: pnpmFiles,
    lock: [...bin('pnpm/bin/pnpm.cjs'), 'install', '--lockfile-only'],
    frozen: [...bin('pnpm/bin/pnpm.cjs'), 'install', '--frozen-lockfile'],
  },
  pnpm8: {
    lockFile: 'pnpm-lock.yaml',
    own: 'workspace:*',
    files: pnpmFiles,
    lock: [...bin('pnpm8/bin/pnpm.cjs'), 'install', '--lockfile-only'],
    frozen: [...bin('pnpm8/bin/pnpm.cjs'), 'install', '--frozen-lockfile'],
  },
  yarn: {
    lockFile: 'yarn.lock',
    own: '1.0.0',
    files: (registry) => ({ '.yarnrc': `registry "${registry}"\n` }),
    lock: [...bin('yarn1/bin/yarn.js'), 'install', '--no-progress'],
    frozen: [...bin('yarn1/bin/yarn.js'), 'install', '--no-progress', '--frozen-lockfile'],
  },
  berry: {
    lockFile: 'yarn.lock',
    own: 'workspace:^',
    files: (registry) => ({
      'yarn.lock': '',
      '.yarnrc.yml': `nodeLinker: node-modules\nnpmRegistryServer: "${registry}"\nunsafeHttpWhitelist: [127.0.0.1]\nenableTelemetry: false\n`,
    }),
    lock: [...bin('@yarnpkg/cli-dist/bin/yarn.js'), 'install', '--mode=update-lockfile'],
    frozen: [...bin('@yarnpkg/cli-dist/bin/yarn.js'), 'install', '--immutable'],
  },
}

/** Runs a package manager in a folder; its caches are in `home`. Rejects with its output when it fails. */
export async function runManager(
  words: readonly string[],
  folder: string,
  home: string,
  registry: Pick<NpmRegistry, 'url'>,
): Promise<string> {
  const [program = '', ...args] = words
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    npm_config_registry: registry.url,
    npm_config_cache: join(home, 'npm'),
    npm_config_store_dir: join(home, 'pnpm'),
    npm_config_update_notifier: 'false',
    YARN_CACHE_FOLDER: join(home, 'yarn'),
    YARN_GLOBAL_FOLDER: join(home, 'berry'),
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    CI: 'true',
  }
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: folder, env })
    return stdout + stderr
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && 'stderr' in error)
      throw new Error(`${words.slice(0, 4).join(' ')}: ${error.stdout}${error.stderr}`)
    throw error
  }
}

/** Writes files below a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** Packages of the registry: two majors of some, peers, an optional one. */
export const published: readonly TestPackage[] = [
  { name: 'left', version: '1.0.0', dependencies: { deep: '^1.0.0' } },
  { name: 'left', version: '2.0.0', dependencies: { deep: '^2.0.0' } },
  { name: 'deep', version: '1.0.0' },
  { name: 'deep', version: '1.1.0' },
  { name: 'deep', version: '2.0.0' },
  { name: '@s/peer', version: '1.0.0', peerDependencies: { deep: '*' } },
  { name: 'opt', version: '1.0.0' },
  { name: 'tool', version: '1.0.0', dependencies: { deep: '~1.0.0' } },
  { name: 'only-b', version: '1.0.0', dependencies: { deep: '^2.0.0' } },
  {
    name: '@s/optpeer',
    version: '1.0.0',
    peerDependencies: { opt: '*' },
    peerDependenciesMeta: { opt: { optional: true } },
  },
]

const manifest = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** The files of a small workspace whose packages name each other by `own`. */
export function smallWorkspace(own: string): Readonly<Record<string, string>> {
  const version = '1.0.0'
  return {
    'package.json': manifest({
      name: 'root',
      version,
      private: true,
      workspaces: ['packages/*', 'apps/*'],
      devDependencies: { tool: '^1.0.0' },
    }),
    'packages/a/package.json': manifest({ name: '@m/a', version, dependencies: { left: '^1.0.0' } }),
    'packages/b/package.json': manifest({
      name: '@m/b',
      version,
      dependencies: { left: '^2.0.0', 'only-b': '1.0.0', '@m/a': own, deep: '^1.0.0' },
    }),
    'packages/c/package.json': manifest({
      name: '@m/c',
      version,
      dependencies: { deep: '^2.0.0' },
      devDependencies: { '@s/peer': '1.0.0' },
    }),
    'apps/web/package.json': manifest({
      name: '@m/web',
      version,
      dependencies: { '@m/a': own, deep: '^1.0.0', '@s/optpeer': '^1.0.0' },
      devDependencies: { '@s/peer': '1.0.0' },
      optionalDependencies: { opt: '1.0.0' },
    }),
  }
}
