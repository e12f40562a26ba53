/** Lock files that a monorepo of the tests can have, made without a package manager. */
export type LockKind = 'npm' | 'pnpm' | 'yarn' | 'berry'

/** A package of a monorepo. Packages depend on those with a smaller number alone, applications on packages. */
export interface MonorepoPackage {
  readonly directory: string
  readonly name: string
  /** Names of packages of the workspace. */
  readonly uses: readonly string[]
  /** Packages from elsewhere, `lib-N`, with their versions. */
  readonly libraries: Readonly<Record<string, string>>
  /** Text of its module. */
  readonly source: string
}

/** A monorepo with one lock file. */
export interface Monorepo {
  readonly packages: readonly MonorepoPackage[]
  /** Version of `common`, which every library with an even number depends on. */
  readonly common: string
  /** A file that belongs to no package. */
  readonly settings: string
}

/** Numbers from 0 to `below`, the same for the same seed. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** A monorepo of `packages` packages, the last `applications` of which are applications. */
export function makeMonorepo(packages: number, applications: number, seed = 1): Monorepo {
  const random = randomNumbers(seed)
  const shared = packages - applications
  const all = Array.from({ length: packages }, (_, index): MonorepoPackage => {
    const isApplication = index >= shared
    const below = isApplication ? shared : index
    const uses = [...new Set(Array.from({ length: Math.min(below, 2) }, () => `@mono/p${random(below)}`))].sort()
    const name = isApplication ? `@mono/app${index - shared}` : `@mono/p${index}`
    const directory = isApplication ? `apps/app${index - shared}` : `packages/p${index}`
    const libraries = { [`lib-${random(20)}`]: '1.0.0', [`lib-${index % 20}`]: `${1 + (index % 2)}.0.0` }
    return { directory, name, uses, libraries, source: `// ${name}\n` }
  })
  return { packages: all, common: '1.0.0', settings: '{}\n' }
}

/** Directories of what a package needs, itself included: the plain definition that slices are compared with. */
export function closureOf({ packages }: Monorepo, name: string): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (wanted: string): void => {
    const one = packages.find((candidate) => candidate.name === wanted)
    if (one === undefined || found.has(one.directory)) return
    found.add(one.directory)
    one.uses.forEach(visit)
  }
  visit(name)
  return found
}

/** The files of a monorepo, by path. */
export function monorepoFiles(mono: Monorepo, kind: LockKind): Map<string, string> {
  const files = new Map<string, string>([
    ['package.json', json({ name: 'mono', private: true, workspaces: ['packages/*', 'apps/*'] })],
    ['settings.json', mono.settings],
    ...lockOf(mono, kind),
  ])
  for (const one of mono.packages) {
    files.set(`${one.directory}/package.json`, json(manifestOf(one, kind)))
    files.set(`${one.directory}/index.js`, one.source)
  }
  return files
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
const ownRange = { npm: '1.0.0', yarn: '1.0.0', pnpm: 'workspace:*', berry: 'workspace:*' } as const

function manifestOf({ name, uses, libraries }: MonorepoPackage, kind: LockKind): Record<string, unknown> {
  const own = Object.fromEntries(uses.map((one) => [one, ownRange[kind]]))
  return { name, version: '1.0.0', dependencies: { ...own, ...libraries } }
}

/** What a library depends on: `common` or nothing, and always a part of its own of the same version. */
function dependenciesOf(library: string, version: string, common: string): Record<string, string> {
  const part = { [library.replace('lib', 'part')]: version }
  return Number(library.slice('lib-'.length)) % 2 === 0 ? { common, ...part } : part
}

function lockOf(mono: Monorepo, kind: LockKind): readonly (readonly [string, string])[] {
  switch (kind) {
    case 'npm':
      return [['package-lock.json', npmLock(mono)]]
    case 'pnpm':
      return [
        ['pnpm-workspace.yaml', 'packages:\n  - packages/*\n  - apps/*\n'],
        ['pnpm-lock.yaml', pnpmLock(mono)],
      ]
    case 'yarn':
      return [['yarn.lock', yarnLock(mono)]]
    case 'berry':
      return [['yarn.lock', berryLock(mono)]]
  }
}

/** Every library and version that some package asks for, and what they depend on. */
function librariesOf({ packages, common }: Monorepo): ReadonlyMap<string, Record<string, string>> {
  const found = new Map<string, Record<string, string>>()
  const add = (name: string, version: string): void => {
    if (found.has(`${name}@${version}`)) return
    const dependencies = name.startsWith('lib-') ? dependenciesOf(name, version, common) : {}
    found.set(`${name}@${version}`, dependencies)
    for (const [one, range] of Object.entries(dependencies)) add(one, range)
  }
  for (const { libraries } of packages) for (const [name, version] of Object.entries(libraries)) add(name, version)
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The first version of a library is in the common folder, others are where they are asked for; parts always below. */
function npmLock(mono: Monorepo): string {
  const entries = new Map<string, unknown>()
  const place = (prefix: string, name: string, version: string): void => {
    const dependencies = name.startsWith('lib-') ? dependenciesOf(name, version, mono.common) : undefined
    entries.set(`${prefix}node_modules/${name}`, { version, integrity: `sha512-${name}-${version}`, dependencies })
    for (const [one, range] of Object.entries(dependencies ?? {})) {
      if (one === 'common') entries.set('node_modules/common', { version: range, integrity: `sha512-common-${range}` })
      else place(`${prefix}node_modules/${name}/`, one, range)
    }
  }
  entries.set('', { name: 'mono', workspaces: ['packages/*', 'apps/*'] })
  // Version 1 of everything is in the common folder, whoever else asks for what.
  for (const one of mono.packages) {
    for (const [name, version] of Object.entries(one.libraries))
      place(version === '1.0.0' ? '' : `${one.directory}/`, name, version)
    entries.set(`node_modules/${one.name}`, { resolved: one.directory, link: true })
    entries.set(one.directory, manifestOf(one, 'npm'))
  }
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return json({ name: 'mono', lockfileVersion: 3, requires: true, packages: Object.fromEntries(sorted) })
}

function pnpmLock(mono: Monorepo): string {
  const up = (directory: string): string => `../../${directory}`
  const directories = new Map(mono.packages.map(({ name, directory }) => [name, directory]))
  const importers = mono.packages.map(({ directory, uses, libraries }) => {
    const own = uses.map((name) => [
      name,
      { specifier: 'workspace:*', version: `link:${up(directories.get(name) ?? '')}` },
    ])
    const other = Object.entries(libraries).map(([name, version]) => [name, { specifier: version, version }])
    return [directory, { dependencies: Object.fromEntries([...own, ...other]) }] as const
  })
  const libraries = [...librariesOf(mono)]
  // JSON is YAML.
  return json({
    lockfileVersion: '9.0',
    importers: Object.fromEntries([['.', {}], ...importers]),
    packages: Object.fromEntries(libraries.map(([key]) => [key, { resolution: { integrity: `sha512-${key}` } }])),
    snapshots: Object.fromEntries(libraries.map(([key, dependencies]) => [key, { dependencies }])),
  })
}

function yarnLock(mono: Monorepo): string {
  const blocks = [...librariesOf(mono)].map(([key, dependencies]) => {
    const lines = Object.entries(dependencies).map(([name, range]) => `    ${name} "${range}"\n`)
    const below = lines.length === 0 ? '' : `  dependencies:\n${lines.join('')}`
    return `${key}:\n  version "${key.slice(key.indexOf('@', 1) + 1)}"\n  integrity sha512-${key}\n${below}`
  })
  return `# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n\n\n${blocks.join('\n')}`
}

function berryLock(mono: Monorepo): string {
  const used = new Set(mono.packages.flatMap(({ uses }) => uses))
  const table = (dependencies: Record<string, string>): string =>
    Object.keys(dependencies).length === 0
      ? ''
      : `  dependencies:\n${Object.entries(dependencies)
          .map(([name, range]) => `    "${name}": "${range}"\n`)
          .join('')}`
  const own = mono.packages.map(({ name, directory, uses, libraries }) => {
    const keys = [...(used.has(name) ? [`${name}@workspace:*`] : []), `${name}@workspace:${directory}`]
    const versions = Object.entries(libraries).map(([one, version]) => [one, `npm:${version}`])
    const dependencies = Object.fromEntries([...uses.map((one) => [one, 'workspace:*']), ...versions])
    return `"${keys.join(', ')}":\n  version: 0.0.0-use.local\n  resolution: "${name}@workspace:${directory}"\n${table(dependencies)}  languageName: unknown\n  linkType: soft\n`
  })
  const others = [...librariesOf(mono)].map(([key, dependencies]) => {
    const at = key.indexOf('@', 1)
    const ranges = Object.fromEntries(Object.entries(dependencies).map(([name, version]) => [name, `npm:${version}`]))
    return `"${key.slice(0, at)}@npm:${key.slice(at + 1)}":\n  version: ${key.slice(at + 1)}\n  resolution: "${key.slice(0, at)}@npm:${key.slice(at + 1)}"\n${table(ranges)}  languageName: node\n  linkType: hard\n`
  })
  const root =
    '"mono@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "mono@workspace:."\n  languageName: unknown\n  linkType: soft\n'
  return `# This file is generated.\n\n__metadata:\n  version: 8\n\n${[...own, root, ...others].join('\n')}`
}

/** A Dockerfile with a stage for each application; the install is one that shows all it is given. */
export function monorepoDockerfile(applications: readonly string[], lockFile: string): string {
  const stages = applications.map(
    (name) => `
# longshore:workspace @mono/${name}
FROM base AS ${name}
COPY --parents package.json ${lockFile} packages/*/package.json apps/*/package.json ./
RUN sha256sum ${lockFile} $(find . -name package.json | sort) > installed
COPY . .
`,
  )
  return `FROM longshore-base AS base\nWORKDIR /app\n${stages.join('')}`
}
