import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { loadedModules } from '../support/loaded-modules.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

const dockerfile = `ARG APP=web
# longshore:workspace \${APP} root=services
FROM longshore-base AS build
WORKDIR /app
COPY services/package.json services/package-lock.json ./
COPY services/packages/a/package.json packages/a/
COPY services/packages/b/package.json packages/b/
RUN --mount=type=bind,source=services,target=/src ls /src/packages > mounted
COPY . /all
# longshore:workspace ./packages/b root=services
ADD services/packages /other
FROM scratch
COPY --from=build /app /app
COPY --from=build /all /all
COPY --from=build /other /other
`
const json = (value: unknown): string => `${JSON.stringify(value)}\n`
const link = (resolved: string): unknown => ({ resolved, link: true })
const files = {
  Dockerfile: dockerfile,
  '.dockerignore': 'Dockerfile\n.dockerignore\n**/*.log\n',
  'README.md': 'all\n',
  'services/package.json': json({ name: 'services', workspaces: ['packages/*'] }),
  'services/package-lock.json': json({
    lockfileVersion: 3,
    packages: {
      '': {},
      'packages/a': {},
      'packages/b': {},
      'packages/web': { dependencies: { a: '*' } },
      'node_modules/a': link('packages/a'),
      'node_modules/b': link('packages/b'),
      'node_modules/web': link('packages/web'),
    },
  }),
  'services/packages/a/package.json': json({ name: 'a' }),
  'services/packages/a/debug.log': 'x',
  'services/packages/b/package.json': json({ name: 'b' }),
  'services/packages/web/package.json': json({ name: 'web', dependencies: { a: '*' } }),
  'services/packages/web/index.js': 'web\n',
}

describe.each(['root', 'user'] as const)('workspaces, as %s', (name) => {
  const obstacle = unavailable(name)
  let me: Actor
  let context: string
  beforeAll(() => {
    if (obstacle !== undefined) return
    me = makeActor(name, directory)
    buildBase(me)
    context = contextFor(me, 'workspaces', files)
  })
  const build = (...args: string[]) => longshore(me, ['build', ...args, context], { cwd: me.home })

  test.skipIf(obstacle !== undefined)(
    'stage, variable, folder, mount, another one for an ADD, sources that are left out',
    () => {
      const result = build('-o', 'out')
      expect(result.status, result.stderr).toBe(0)
      const out = join(me.home, 'out')
      const list = (folder: string): string[] =>
        readdirSync(join(out, folder), { recursive: true, encoding: 'utf8' }).sort()
      expect(list('app')).toEqual([
        'mounted',
        'package-lock.json',
        'package.json',
        'packages',
        'packages/a',
        'packages/a/package.json',
      ])
      expect(readFileSync(join(out, 'app/mounted'), 'utf8')).toBe('a\nweb\n')
      expect(list('all').filter((path) => /\.\w+$/.test(path))).toEqual([
        'README.md',
        'services/package-lock.json',
        'services/package.json',
        'services/packages/a/package.json',
        'services/packages/web/index.js',
        'services/packages/web/package.json',
      ])
      expect(list('other')).toEqual(['b', 'b/package.json'])
      const lock: { readonly packages: object } = JSON.parse(readFileSync(join(out, 'app/package-lock.json'), 'utf8'))
      expect(Object.keys(lock.packages)).toEqual([
        '',
        'packages/a',
        'packages/web',
        'node_modules/a',
        'node_modules/web',
      ])
      expect(build('--plan').stdout).toContain(' 0 MISS')
      expect(build('--plan', '--build-arg', 'APP=b').stdout).toContain('package-lock.json: packages/b: added')
    },
  )
})

test('a build without a directive loads nothing of it, one with a cached slice no library', () => {
  const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
  const context = contextFor(me, 'modules', files)
  const plain = contextFor(me, 'plain', { Dockerfile: 'FROM scratch\nCOPY file /\n', file: '' })
  longshore(me, ['build', '-q', '--target', 'build', context])
  longshore(me, ['build', '-q', plain])
  const bytes = ({ loaded }: { readonly loaded: string }): number =>
    loaded.split(' ').reduce((sum, file) => sum + statSync(file).size, 0)
  const [without, sliced] = [
    loadedModules(me, ['build', '-q', plain]),
    loadedModules(me, ['build', '-q', '--target', 'build', context]),
  ]
  expect(without.stderr).toMatch(/LOADED/)
  expect(bytes(sliced)).toBeGreaterThan(bytes(without))
  // The readers of lock files alone have more.
  expect(bytes(sliced) - bytes(without)).toBeLessThan(30_000)
})
