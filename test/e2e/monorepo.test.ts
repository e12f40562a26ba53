import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, giveTo, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import {
  closureOf,
  type Monorepo,
  type MonorepoPackage,
  makeMonorepo,
  monorepoDockerfile,
  monorepoFiles,
  randomNumbers,
} from '../support/monorepo.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

/*
 * Fifty packages, twelve images, one lock file. MONOREPO_ROUNDS is the number of random changes that are built with and without
 * cache at the end.
 */

const applications = 12
const rounds = Number(process.env['MONOREPO_ROUNDS'] ?? 1)
const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))
const names = Array.from({ length: applications }, (_, index) => `app${index}`)

describe.each([unavailable('root') === undefined ? 'root' : 'user'] as const)('a monorepo, as %s', (name) => {
  let me: Actor
  let context: string
  let mono = makeMonorepo(50, applications)
  const written = new Map<string, string>()

  const write = (after: Monorepo): void => {
    mono = after
    const files = monorepoFiles(after, 'npm')
    files.set('Dockerfile', monorepoDockerfile(names, 'package-lock.json'))
    files.set('.dockerignore', 'Dockerfile\n.dockerignore\n')
    for (const [path, text] of files) {
      if (written.get(path) === text) continue
      mkdirSync(dirname(join(context, path)), { recursive: true })
      writeFileSync(join(context, path), text)
      written.set(path, text)
    }
    for (const path of [...written.keys()].filter((one) => !files.has(one))) {
      rmSync(join(context, path))
      written.delete(path)
    }
    giveTo(me, context)
  }
  const change = (one: MonorepoPackage, part: Partial<MonorepoPackage>): void =>
    write({ ...mono, packages: mono.packages.map((other) => (other.name === one.name ? { ...one, ...part } : other)) })
  const targets = names.flatMap((one) => ['--target', one])
  const run = (...args: string[]): string => {
    const dated = ['--source-date-epoch', '0', '--rewrite-timestamp']
    const result = longshore(me, ['build', '-q', ...dated, ...targets, ...args, context], { timeoutMs: 300_000 })
    expect(result.status, result.stderr).toBe(0)
    return result.stdout
  }
  /** Stages in which something would run. */
  const planned = (): readonly string[] => {
    const steps: readonly { readonly label: string; readonly status: string }[] = JSON.parse(
      run('--plan', '--format', 'json'),
    )
    const missing = steps.filter(({ status }) => status === 'MISS')
    return [...new Set(missing.map(({ label }) => /^\[(\w+) /.exec(label)?.[1] ?? label))].sort()
  }
  const neededBy = (one: MonorepoPackage): readonly string[] =>
    names.filter((app) => closureOf(mono, `@mono/${app}`).has(one.directory)).sort()
  const find = (count: (users: number) => boolean): MonorepoPackage => {
    const found = mono.packages.find((one) => count(neededBy(one).length))
    if (found === undefined) throw new Error('no such package')
    return found
  }

  beforeAll(() => {
    me = makeActor(name, directory)
    buildBase(me)
    context = join(me.home, 'monorepo')
    write(mono)
    run()
  }, 120_000)

  test('nothing runs for what no image needs, neither for files nor for the lock file', () => {
    const ids = run()
    const unneeded = find((users) => users === 0)
    change(unneeded, { source: 'edited\n' })
    expect(planned()).toEqual([])
    change(unneeded, { source: 'edited\n', libraries: { 'lib-3': '3.0.0', 'lib-4': '1.0.0' } })
    expect(planned()).toEqual([])
    expect(run()).toBe(ids)
  })

  test('an application is one image, a package those that need it', () => {
    const leaf = mono.packages.find((one) => one.name === '@mono/app5')
    if (leaf === undefined) throw new Error('no app5')
    change(leaf, { source: 'edited\n' })
    expect(planned()).toEqual(['app5'])
    const shared = find((users) => users > 1 && users < 6)
    change(shared, { libraries: { ...shared.libraries, 'lib-7': '3.0.0' } })
    expect(planned()).toEqual([...new Set(['app5', ...neededBy(shared)])].sort())
    run()
    expect(planned()).toEqual([])
  }, 120_000)

  test('why names the entry of the lock file', () => {
    const shared = find((users) => users > 0 && users < 4)
    const [library = ''] = Object.keys(shared.libraries)
    change(shared, { libraries: { ...shared.libraries, [library]: '4.0.0' } })
    const { stdout } = longshore(me, ['why', ...targets.slice(0, 2), context])
    const [app = ''] = neededBy(shared)
    const asked = longshore(me, [
      'build',
      '--plan',
      '--source-date-epoch',
      '0',
      '--rewrite-timestamp',
      '--target',
      app,
      context,
    ])
    expect(stdout + asked.stdout).toMatch(new RegExp(`package-lock\\.json: ${shared.directory}[^\\n]*: `))
  })

  test(`${rounds} random changes: the same images with and without cache`, () => {
    run()
    const random = randomNumbers(3)
    for (let round = 0; round < rounds; round++) {
      const one = mono.packages[random(mono.packages.length)]
      if (one === undefined) throw new Error('no package')
      const library = { [`lib-${random(20)}`]: `${1 + random(3)}.0.0` }
      if (random(2) === 0) change(one, { source: `${random(1000)}\n` })
      else change(one, { libraries: { ...one.libraries, ...library } })
      expect(planned()).toEqual(neededBy(one))
      expect(run()).toBe(run('--no-cache'))
    }
  }, 600_000)
})
