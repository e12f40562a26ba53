import { describe, expect, it, test } from 'vitest'
import { sliceWorkspace, type WorkspaceSlice } from '../../src/workspace/index.ts'
import { memoryWorkspace } from '../support/workspace-source.ts'

type Files = Readonly<Record<string, unknown>>

/** Files by path: a text, or JSON. */
const workspace = (files: Files) =>
  memoryWorkspace(
    new Map(
      Object.entries(files).map(([path, value]) => [path, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
  )

async function slice(files: Files, ...names: string[]): Promise<WorkspaceSlice> {
  const result = await sliceWorkspace(workspace(files), names)
  if (result.kind === 'problem') throw new Error(`${result.code}: ${result.message}`)
  return result
}

async function problem(files: Files, ...names: string[]): Promise<string> {
  const result = await sliceWorkspace(workspace(files), names)
  return result.kind === 'problem' ? `${result.code}: ${result.message} (${result.hint})` : 'none'
}

const npmLock = (packages: Files): unknown => ({ lockfileVersion: 3, packages })
const link = (resolved: string): unknown => ({ resolved, link: true })
const small: Files = {
  'package.json': { workspaces: ['packages/*'] },
  'packages/a/package.json': { name: 'a' },
  'packages/b/package.json': { name: 'b' },
  'package-lock.json': npmLock({
    '': {},
    'packages/a': {},
    'packages/b': {},
    'node_modules/a': link('packages/a'),
    'node_modules/b': link('packages/b'),
  }),
}

describe('what is wrong with a workspace', () => {
  test.each<[string, Files, string[], string]>([
    ['no manifest', {}, ['a'], 'workspace-invalid: the workspace has no package.json'],
    [
      'no lock file',
      { ...small, 'package-lock.json': undefined },
      ['a'],
      'workspace-invalid: the workspace has no lock file',
    ],
    [
      'no JSON',
      { ...small, 'packages/a/package.json': '{' },
      ['b'],
      'workspace-invalid: packages/a/package.json is no JSON object',
    ],
    [
      'two locks',
      { ...small, 'yarn.lock': '' },
      ['a'],
      'workspace-invalid: the workspace has two lock files, yarn.lock and package-lock.json',
    ],
    [
      'a twin',
      { ...small, 'packages/b/package.json': { name: 'a' } },
      ['a'],
      'workspace-invalid: "a" is the name of two packages',
    ],
    [
      'a pattern',
      { ...small, 'package.json': { workspaces: ['+(a|b)/*'] } },
      ['a'],
      'workspace-invalid: the workspace pattern "+(a|b)/*" is not',
    ],
    ['no package', small, ['c'], 'workspace-package-not-found: the workspace has no package "c"'],
    ['no folder', small, ['./packages/c'], 'workspace-package-not-found: the workspace has no package "./packages/c"'],
    [
      'an old lock',
      { ...small, 'package-lock.json': '{\n"lockfileVersion": 1}' },
      ['a'],
      'workspace-lock-not-supported: package-lock.json:2: lockfileVersion 1',
    ],
    [
      'a conflict',
      { ...small, 'package-lock.json': '<<<<<<<' },
      ['a'],
      'workspace-lock-not-supported: package-lock.json is no JSON object',
    ],
    [
      'a new package',
      { ...small, 'packages/c/package.json': { name: 'c' } },
      ['c'],
      'workspace-lock-outdated: package-lock.json is out of date',
    ],
    [
      'a new dependency',
      { ...small, 'packages/a/package.json': { name: 'a', dependencies: { x: '1' } } },
      ['a'],
      'workspace-lock-outdated: package-lock.json is out of date: packages/a/package.json asks for x',
    ],
    [
      'pnpm of old',
      { 'package.json': {}, 'pnpm-lock.yaml': 'lockfileVersion: 5.4\n' },
      [],
      'workspace-lock-not-supported: pnpm-lock.yaml:1: lockfileVersion 5.4',
    ],
    [
      'broken YAML',
      { 'package.json': {}, 'pnpm-lock.yaml': 'a: [' },
      [],
      'workspace-lock-not-supported: pnpm-lock.yaml is no YAML mapping',
    ],
    [
      'yarn of the future',
      { 'package.json': {}, 'yarn.lock': '__metadata:\n  version: 99\n' },
      [],
      'workspace-lock-not-supported: yarn.lock:2: version 99',
    ],
    [
      'broken yarn',
      { 'package.json': {}, 'yarn.lock': 'a:\n  b "c\n' },
      [],
      'workspace-lock-not-supported: yarn.lock cannot be read',
    ],
  ])('%s', async (_, files, names, message) => {
    const given = Object.fromEntries(Object.entries(files).filter(([, value]) => value !== undefined))
    expect(await problem(given, ...names)).toContain(message)
  })

  it('guesses what was meant', async () => {
    const files = { ...small, 'packages/a/package.json': { name: '@acme/a' } }
    expect(await problem(files, 'a')).toContain('did you mean "@acme/a"?')
  })

  it('cares for no package that is not needed', async () => {
    const files = { ...small, 'packages/b/package.json': { name: 'b', dependencies: { gone: '9' } } }
    expect([...(await slice(files, 'a')).hidden]).toEqual(['packages/b'])
  })
})

describe('what packages a workspace has', () => {
  test.each<[readonly string[], readonly string[]]>([
    [['packages/*'], ['packages/a', 'packages/b']],
    [['./packages/a/'], ['packages/a']],
    [['packages/**'], ['packages/a', 'packages/a/plugins/x', 'packages/b']],
    [
      ['**', '!packages/a'],
      ['other', 'packages/a/plugins/x', 'packages/b'],
    ],
    [['{other,packages/b}'], ['other', 'packages/b']],
    [['packages/?'], ['packages/a', 'packages/b']],
  ])('%j', async (workspaces, directories) => {
    const manifest = (name: string): unknown => ({ name })
    const files = {
      'package.json': { workspaces },
      'packages/a/package.json': manifest('a'),
      'packages/a/plugins/x/package.json': manifest('x'),
      'packages/b/package.json': manifest('b'),
      'packages/b/node_modules/c/package.json': manifest('c'),
      'other/package.json': manifest('other'),
      'package-lock.json': npmLock({ '': {} }),
    }
    expect([...(await slice(files)).hidden].sort()).toEqual(directories)
  })

  it('knows the form of yarn 1, and which lock file counts', async () => {
    const files = {
      ...small,
      'package.json': { workspaces: { packages: ['packages/*'] }, packageManager: 'npm@11.0.0' },
      'yarn.lock': '',
    }
    expect((await slice(files, 'a')).lock.file).toBe('package-lock.json')
  })
})

describe('npm', () => {
  it('follows links, takes nearest folders, required peers and what is bundled', async () => {
    const files = {
      ...small,
      'package-lock.json': npmLock({
        '': {},
        'node_modules/a': link('packages/a'),
        'node_modules/b': link('packages/b'),
        'node_modules/deep': { version: '1.0.0' },
        'node_modules/host': { version: '1.0.0' },
        'node_modules/lone': { version: '1.0.0' },
        'node_modules/bag': {
          version: '1.0.0',
          bundleDependencies: ['inside'],
          peerDependencies: { host: '*', lone: '*' },
          peerDependenciesMeta: { lone: { optional: true } },
        },
        'node_modules/bag/node_modules/inside': { version: '1.0.0', inBundle: true },
        'node_modules/bag/node_modules/inside/node_modules/more': { version: '1.0.0', inBundle: true },
        'packages/a': { dependencies: { deep: '2' }, devDependencies: { bag: '1' } },
        'packages/a/node_modules/deep': { version: '2.0.0' },
        'packages/b': { dependencies: { deep: '1', a: '*' } },
      }),
    }
    expect([...(await slice(files, 'a')).lock.entries.keys()].sort()).toEqual([
      '.',
      'node_modules/a',
      'node_modules/bag',
      'node_modules/bag/node_modules/inside',
      'node_modules/bag/node_modules/inside/node_modules/more',
      'node_modules/host',
      'packages/a',
      'packages/a/node_modules/deep',
    ])
    expect([...(await slice(files, './packages/b')).included].sort()).toEqual(['', 'packages/a', 'packages/b'])
  })
})

describe('pnpm', () => {
  const lock = `lockfileVersion: '9.0'
catalogs:
  default:
    x: {specifier: ^1.0.0, version: 1.0.0}
    y: {specifier: ^1.0.0, version: 1.0.0}
  old:
    y: {specifier: ^0.1.0, version: 0.1.0}
importers:
  .: {}
  a:
    dependencies:
      x: {specifier: 'catalog:', version: 1.0.0}
      alias: {specifier: 'npm:z@1', version: z@1.0.0}
      inner: {specifier: 'workspace:*', version: 'file:b(x@1.0.0)'}
  b:
    dependencies:
      y: {specifier: 'catalog:', version: 1.0.0}
  c:
    dependencies:
      y: {specifier: 'catalog:old', version: 0.1.0}
packages:
  x@1.0.0: {resolution: {integrity: sha512-x}}
  y@0.1.0: {resolution: {integrity: sha512-y}}
  y@1.0.0: {resolution: {integrity: sha512-y}}
  z@1.0.0: {resolution: {integrity: sha512-z}}
  inner@file:b: {resolution: {directory: b, type: directory}}
snapshots:
  x@1.0.0: {}
  y@0.1.0: {}
  y@1.0.0: {}
  z@1.0.0: {}
  inner@file:b(x@1.0.0): {dependencies: {y: 1.0.0}}
`
  const files = {
    'package.json': {},
    'a/package.json': { name: 'a' },
    'b/package.json': { name: 'b' },
    'c/package.json': { name: 'c' },
    'pnpm-workspace.yaml':
      'packages: [a, b, c]\ncatalog: {x: ^1.0.0, y: ^1.0.0, unused: ^3.0.0}\ncatalogs: {old: {y: ^0.1.0}}\nonlyBuiltDependencies: [x]\n',
    'pnpm-lock.yaml': lock,
  }

  it('follows aliases and injected packages, and cuts catalogs', async () => {
    const { included, lock: cut, replaced } = await slice(files, 'a')
    expect([...included].sort()).toEqual(['', 'a', 'b'])
    expect([...cut.entries.keys()].filter((key) => key.startsWith('snapshots'))).toEqual([
      'snapshots: x@1.0.0',
      'snapshots: y@1.0.0',
      'snapshots: z@1.0.0',
      'snapshots: inner@file:b(x@1.0.0)',
    ])
    expect(cut.entries.get('catalogs')).toBe(
      JSON.stringify({
        default: { x: { specifier: '^1.0.0', version: '1.0.0' }, y: { specifier: '^1.0.0', version: '1.0.0' } },
      }),
    )
    expect(replaced.get('pnpm-workspace.yaml')).toBe(
      "packages:\n  - a\n  - b\n  - c\ncatalog:\n  x: ^1.0.0\n  'y': ^1.0.0\ncatalogs: {}\nonlyBuiltDependencies:\n  - x\n",
    )
    const c = await slice(files, 'c')
    expect(c.lock.entries.get('catalogs')).toBe(
      JSON.stringify({ old: { y: { specifier: '^0.1.0', version: '0.1.0' } } }),
    )
  })

  it('keeps catalogs where overrides may use them', async () => {
    const cut = await slice({ ...files, 'pnpm-lock.yaml': `overrides: {q: 'catalog:'}\n${lock}` }, 'c')
    expect(cut.replaced.has('pnpm-workspace.yaml')).toBe(false)
  })

  it('says which package the lock file lacks', async () => {
    expect(await problem({ ...files, 'pnpm-lock.yaml': lock.replace('  z@1.0.0: {}\n', '') }, 'a')).toContain(
      'asks for alias@z@1.0.0',
    )
  })
})

describe('yarn', () => {
  const root = { workspaces: ['*'] }

  it('keeps all of a name where resolutions change what is meant, and follows local folders', async () => {
    const files = {
      'package.json': root,
      'a/package.json': { name: 'a', dependencies: { x: '^1.0.0', b: 'link:../b' } },
      'b/package.json': { name: 'b', dependencies: { y: '*' } },
      'c/package.json': { name: 'c' },
      'yarn.lock':
        '# yarn lockfile v1\n\n\nx@2.0.0:\n  version "2.0.0"\n\n"y@*", y@^1.0.0:\n  version "1.0.0"\n\nz@1:\n  version "1.0.0"\n',
    }
    const { included, replaced } = await slice(files, 'a')
    expect([...included].sort()).toEqual(['', 'a', 'b'])
    expect(replaced.get('yarn.lock')).toContain('x@2.0.0:\n  version "2.0.0"\n\ny@*:\n  version "1.0.0"\n')
    expect(replaced.get('yarn.lock')).not.toContain('z@1')
  })

  it('of yarn 2: keeps patches with what they patch', async () => {
    const entry = (key: string, resolution: string, more = ''): string =>
      `"${key}":\n  version: 5.0.0\n  resolution: "${resolution}"\n${more}  languageName: node\n  linkType: hard\n`
    const patch = 'typescript@patch:typescript@npm%3A^5.0.0#optional!builtin<compat/typescript>'
    const files = {
      'package.json': root,
      'a/package.json': { name: 'a', dependencies: { typescript: '^5.0.0' } },
      'b/package.json': { name: 'b' },
      'yarn.lock': [
        '__metadata:\n  version: 8\n',
        entry('a@workspace:a', 'a@workspace:a', '  dependencies:\n    typescript: "npm:^5.0.0"\n'),
        entry('b@workspace:b', 'b@workspace:b'),
        entry('root@workspace:.', 'root@workspace:.'),
        entry('typescript@npm:^4.0.0, typescript@npm:^5.0.0', 'typescript@npm:5.0.0'),
        entry(
          patch,
          'typescript@patch:typescript@npm%3A5.0.0#optional!builtin<compat/typescript>::version=5.0.0&hash=1',
        ),
      ].join('\n'),
    }
    expect([...(await slice(files, 'a')).lock.entries.keys()]).toEqual([
      'a@workspace:a',
      'root@workspace:.',
      'typescript@npm:^5.0.0',
      patch,
    ])
    expect([...(await slice(files, 'b')).lock.entries.keys()]).toEqual(['b@workspace:b', 'root@workspace:.'])
  })
})
