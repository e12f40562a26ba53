import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkout, environment, longshore, makeActor, runAs, unavailable } from '../support/actor.ts'
import { startRegistry, type TestRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

/* kill -9 at random moments: the store is sound afterwards, and the same command succeeds. KILL_ROUNDS=100 is for by hand. */

const rounds = Number(process.env['KILL_ROUNDS'] ?? 6)
const directory = makeTemporaryDirectory()
const reason = unavailable('root')
let registry: TestRegistry | undefined

beforeAll(async () => {
  if (reason === undefined) registry = await startRegistry()
})
afterAll(async () => {
  await registry?.stop()
  removeDirectory(directory)
})

const actor = makeActor('root', directory)
const store = (name: string): Readonly<Record<string, string>> => ({ LONGSHORE_ROOT: join(actor.home, name) })

/** Starts the command and kills it, and all it has started, after some milliseconds; says whether it was killed. */
async function killed(args: readonly string[], root: string, afterMs: number): Promise<boolean> {
  const child: ChildProcess = spawn(join(checkout, 'bin/longshore'), args, {
    env: environment(actor, store(root)),
    detached: true,
    stdio: 'ignore',
  })
  const ended = new Promise<boolean>((done) => child.once('exit', (_code, signal) => done(signal === 'SIGKILL')))
  await Promise.race([delay(afterMs), ended])
  if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL')
  return ended
}

test.skipIf(reason !== undefined)(`${rounds} commands are killed`, { timeout: 3_600_000 }, async () => {
  const run = (root: string, ...args: readonly string[]): string => {
    const result = longshore(actor, args, { env: store(root) })
    expect(result.status, `${args.join(' ')}: ${result.stderr}`).toBe(0)
    return result.stdout
  }
  const context = join(actor.home, 'context')
  mkdirSync(context)
  for (const name of ['a', 'b', 'c']) writeFileSync(join(context, name), randomBytes(3_000_000))
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY a /\nCOPY b /\nCOPY c /\n')
  const name = `${registry?.host}/killed:1`
  const archive = join(actor.home, 'killed.tar')
  run('full', 'build', '-q', '-t', name, context)
  run('full', 'push', '-q', name)
  run('full', 'save', '-q', '-o', archive, name)
  run('full', 'untag', name)
  run('full', 'tag', run('full', 'images', '-aq', '--no-trunc').trim(), name)
  const kinds: readonly {
    readonly from: 'full' | undefined
    readonly args: (round: number) => readonly string[]
    readonly usualMs: number
  }[] = [
    { from: undefined, args: () => ['pull', '-q', name], usualMs: 900 },
    {
      from: 'full',
      args: (round) => [
        'push',
        '-q',
        '--force-compression',
        '--compression-level',
        String(1 + (round % 9)),
        name,
        `${name}-${round}`,
      ],
      usualMs: 900,
    },
    { from: undefined, args: () => ['load', '-q', '-i', archive], usualMs: 900 },
    { from: 'full', args: () => ['rmi', '-f', name], usualMs: 500 },
    { from: 'full', args: () => ['system', 'prune', '-af'], usualMs: 500 },
    {
      from: 'full',
      args: () => ['build', '-q', '--no-cache', '--cache-budget', '1kB', '-t', name, context],
      usualMs: 900,
    },
  ]
  let kills = 0
  for (let round = 0; round < rounds; round++) {
    const kind = kinds[round % kinds.length]
    if (kind === undefined) throw new Error('no such kind')
    const root = `round-${round}`
    // Times of files are part of a layer.
    if (kind.from !== undefined) runAs(actor, ['cp', '-a', join(actor.home, kind.from), join(actor.home, root)])
    const args = kind.args(round)
    const afterMs = 60 + Math.random() * kind.usualMs
    if (await killed(args, root, afterMs)) kills += 1
    const said = `after ${args.join(' ')} was killed at ${Math.round(afterMs)} ms`
    const check = longshore(actor, ['system', 'check'], { env: store(root) })
    expect(check.stdout, said).toContain('all is well')
    const again = longshore(actor, args, { env: store(root) })
    const isDone = again.status === 0 || (args[0] === 'rmi' && again.stderr.includes('image-not-found'))
    expect(isDone, `${said}, then: ${again.stderr}`).toBe(true)
    expect(longshore(actor, ['system', 'check', '--quick'], { env: store(root) }).status, said).toBe(0)
    // What was half done is swept by the next command.
    expect(readdirSync(join(actor.home, root, 'work')), said).toEqual([])
    runAs(actor, ['rm', '-rf', join(actor.home, root)])
  }
  process.stdout.write(`${kills} of ${rounds} were killed before they ended\n`)
  expect(kills).toBeGreaterThan(0)
  rmSync(join(actor.home, 'full'), { recursive: true })
})
