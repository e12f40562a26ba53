/**
 * Builds every case of fixtures/conformance with --reproducible in two stores, one of an ordinary user if run as root:
 * first with --jobs 1, then from the cache, then in the other store with --jobs 8, then in a third from a cache elsewhere that the
 * second has filled, and says which images differ. Run by hand
 * after `npm run bundle`, as root for both users: `node_modules/.bin/node test/conformance/equivalence.ts [CASE …]`. Ends with 1 when
 * something differs.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pLimit from 'p-limit'
import { type Actor, giveTo, longshoreAsync, makeActor, unavailable } from '../support/actor.ts'
import { type ConformanceCase, loadCases } from './cases.ts'
import { prepareBaseContext, prepareContext } from './context-copy.ts'

const undated = ['--reproducible', '--source-date-epoch', '0']

interface Built {
  readonly way: string
  /** The image ID, or the last line of what it says instead. */
  readonly result: string
}

async function build(actor: Actor, store: string, way: string, args: readonly string[]): Promise<Built> {
  const env = { LONGSHORE_ROOT: join(actor.home, store), GIT_CEILING_DIRECTORIES: tmpdir() }
  const { status, stdout, stderr } = await longshoreAsync(actor, ['build', '-q', ...args], { env })
  const result = status === 0 ? stdout.trim() : `exit ${status}: ${stderr.trim().split('\n').at(-1)}`
  return { way: `${actor.name}, ${way}`, result }
}

async function buildAll(one: ConformanceCase, actors: readonly Actor[]): Promise<readonly Built[]> {
  const context = prepareContext(one)
  const found: Built[] = []
  try {
    for (const actor of actors) {
      giveTo(actor, dirname(context.dir))
      for (const store of ['a', 'b', 'c'])
        for (const { name, dir } of context.images) await build(actor, store, name, [...undated, '-t', name, dir])
      const args = ['--reproducible', ...one.flags, '-f', context.dockerfile, context.dir]
      found.push(await build(actor, 'a', 'one job', ['--jobs', '1', ...args]))
      found.push(await build(actor, 'a', 'cached', args))
      const cache = join(actor.home, 'caches', one.name)
      const to = ['--cache-to', `type=local,dest=${cache},mode=max`]
      found.push(await build(actor, 'b', 'other store, eight jobs', ['--jobs', '8', ...to, ...args]))
      found.push(await build(actor, 'c', 'remote hit', ['--cache-from', `type=local,src=${cache}`, ...args]))
    }
    return found
  } finally {
    context.dispose()
  }
}

async function main(): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'longshore-equivalence-'))
  chmodSync(home, 0o755)
  const base = prepareBaseContext()
  let [compared, failing, differing] = [0, 0, 0]
  try {
    const actors = (['root', 'user'] as const)
      .filter((name) => unavailable(name) === undefined)
      .map((name) => makeActor(name, home))
    for (const actor of actors) {
      giveTo(actor, base)
      for (const store of ['a', 'b', 'c']) await build(actor, store, 'base', [...undated, '-t', 'longshore-base', base])
    }
    const limit = pLimit(2)
    const cases = loadCases(process.argv.slice(2)).filter(({ needs }) => needs === undefined)
    const check = async (one: ConformanceCase): Promise<void> => {
      const mine = actors.filter(({ name }) => name === 'root' || one.highestId < 65_536)
      const found = await buildAll(one, mine)
      const failed = found.filter(({ result }) => !result.startsWith('sha256:')).length
      if (failed === found.length) failing++
      else if (failed === 0 && new Set(found.map(({ result }) => result)).size === 1) compared++
      else {
        differing++
        console.log(`${one.name}\n${found.map(({ way, result }) => `  ${way}: ${result}`).join('\n')}`)
      }
    }
    await Promise.all(cases.map((one) => limit(check, one)))
  } finally {
    for (const folder of [home, base]) rmSync(folder, { recursive: true, force: true })
  }
  console.log(`${compared} the same in every way, ${failing} fail in every way, ${differing} differ`)
  return differing === 0 ? 0 : 1
}

process.exitCode = await main()
