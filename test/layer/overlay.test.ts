import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { giveTo, makeActor, unavailable, userNamespace } from '../support/actor.ts'
import { temporaryFolder } from './archive-builder.ts'

/** Makes the layer below: a few directories, files, links. */
const lowerScript = `
mkdir -p etc usr/bin usr/lib/deep var/empty opt/app
echo root > etc/passwd; echo conf > etc/conf; echo a > usr/bin/tool; ln usr/bin/tool usr/bin/same
echo l > usr/lib/deep/file; ln -s usr/lib lib; echo x > opt/app/x; echo y > opt/app/y; mkdir opt/app/sub; echo z > opt/app/sub/z
`

const runner = resolve(import.meta.dirname, 'layer-runner.ts')
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** What a tree shows: names, types, modes, owners, times in seconds, link targets, contents. The top's own time is left out. */
const show = `find . -mindepth 1 -printf '%P %y %m %U %G %Ts %l %n\\n' | LC_ALL=C sort; find . -type f -exec cat {} + | sha256sum`

type User = 'root' | 'user'

/** Runs a shell script with its own mounts: as real root, or as an ordinary user who is root in a user namespace. */
function inNamespace(user: User, script: string): string {
  if (user === 'root') return execFileSync('unshare', ['--mount', 'sh', '-e', '-c', script], { encoding: 'utf8' })
  const actor = makeActor('user', temporaryFolder())
  const [program = '', ...args] = actor.wrap([...userNamespace, 'sh', '-e', '-c', script], '/', {})
  return execFileSync(program, args, { encoding: 'utf8' })
}

function mountScript(user: User, lower: string): string {
  const options = `lowerdir=${lower},upperdir=upper,workdir=work${user === 'user' ? ',userxattr' : ''}`
  return `rm -rf merged && mkdir merged && mount -t overlay overlay -o ${options} merged`
}

interface Outcome {
  readonly merged: string
  readonly applied: string
  readonly packed: { readonly diffId: string; readonly contentDigest: string }
  readonly unpacked: { readonly diffId: string; readonly skippedDevices: number; readonly warnings: readonly string[] }
  readonly again: { readonly diffId: string; readonly contentDigest: string }
  readonly names: readonly string[]
}

/**
 * Runs `step` in an overlay over the lower directory, packs the upper directory, unpacks it elsewhere, and mounts that
 * over the same lower directory: what the step saw and what the layer says must be the same.
 */
function roundTrip(user: User, step: string): Outcome {
  const folder = temporaryFolder()
  chmodSync(folder, 0o755)
  const home = join(folder, 'home')
  mkdirSync(home)
  if (user === 'user') giveTo(makeActor('user', temporaryFolder()), home)
  const overlay = user === 'root' ? 'trusted' : 'user'
  const node = `${quote(process.execPath)} --disable-warning=ExperimentalWarning ${quote(runner)}`
  const output = inNamespace(
    user,
    `cd ${quote(home)}
     mkdir lower upper work layer again && (cd lower && umask 022 && ${lowerScript})
     ${mountScript(user, 'lower')}
     (cd merged && umask 022
${step}
)
     (cd merged && ${show}) > merged.txt
     umount merged
     ${node} round-trip ${overlay} step.tar layer upper
     rm -rf upper work; mkdir upper work
     ${mountScript(user, 'layer:lower')}
     (cd merged && ${show}) > applied.txt
     umount merged
     tar -tf step.tar`,
  )
  const text = (name: string): string => readFileSync(join(home, name), 'utf8')
  const outcome = {
    ...JSON.parse(text('step.tar.json')),
    merged: text('merged.txt'),
    applied: text('applied.txt'),
    names: output.trimEnd().split('\n').filter(Boolean),
  }
  if (user === 'user') inNamespace(user, `rm -rf ${quote(home)}/*`)
  return outcome
}

function expectSame(outcome: Outcome): void {
  expect(outcome.applied).toBe(outcome.merged)
  expect(outcome.again).toEqual(outcome.packed)
  expect(outcome.unpacked.diffId).toBe(outcome.packed.diffId)
}

const isRoot = process.getuid?.() === 0
const missing: Readonly<Record<User, string | undefined>> = {
  root:
    isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0
      ? undefined
      : 'needs real root and mount namespaces',
  user: isRoot ? unavailable('user') : 'needs root, to make files of any owner',
}

describe.each<User>(['root', 'user'])('an overlay of %s', (user) => {
  const run = (name: string, body: () => unknown): void => {
    test(name, { timeout: 180_000 }, async ({ skip }) => {
      if (missing[user] !== undefined) skip(missing[user])
      await body()
    })
  }

  run('nothing done is an empty layer', () => {
    const outcome = roundTrip(user, ':')
    expect(outcome.names).toEqual([])
    expectSame(outcome)
  })

  run('removals, replacements, opaque directories, type changes', () => {
    const outcome = roundTrip(
      user,
      `rm etc/conf; rm -r usr/lib/deep; rm -r opt/app && mkdir opt/app && echo new > opt/app/new && mkdir opt/app/sub
       rm -r var/empty && echo file > var/empty; rm lib && mkdir lib && echo in > lib/in; echo made > made && rm made`,
    )
    expect(outcome.names).toEqual([
      'etc/',
      'etc/.wh.conf',
      'lib/',
      ...outcome.names.filter((name) => name === 'lib/.wh..wh..opq'),
      'lib/in',
      'opt/',
      'opt/app/',
      'opt/app/.wh..wh..opq',
      'opt/app/new',
      'opt/app/sub/',
      'usr/',
      'usr/lib/',
      'usr/lib/.wh.deep',
      'var/',
      'var/empty',
    ])
    expectSame(outcome)
  })

  run('links, modes, owners, times, odd names', () => {
    const outcome = roundTrip(
      user,
      `chmod 4755 usr/bin/tool; chown 7:8 etc/passwd; ln etc/passwd etc/again; ln -s nowhere dangling; mkfifo pipe
       touch -d '2001-02-03 04:05:06' etc/conf; chmod 1777 var; mkdir -m 2750 secret; chown 65000:65000 secret
       printf x > "$(printf 'b\\377d')"; echo x > "${'n'.repeat(250)}"; touch -h -d '1999-01-01' lib; truncate -s 3M opt/hole`,
    )
    expect(outcome.names.length).toBeGreaterThan(10)
    expect(outcome.unpacked.warnings).toEqual([])
    expectSame(outcome)
  })

  run('devices as far as this user may make them', () => {
    const outcome = roundTrip(user, user === 'root' ? 'mknod null c 1 3; mknod disk b 8 1' : ':')
    expectSame(outcome)
    if (user === 'root') expect(outcome.merged).toContain('null c 644')
  })

  run('any steps in any order', () => {
    const path = fc.constantFrom(
      'etc',
      'etc/conf',
      'usr/bin/tool',
      'usr/lib',
      'usr/lib/deep',
      'opt/app',
      'opt/app/sub',
      'opt/app/sub/z',
      'new',
      'new/d',
      'lib/x',
      'opt/app/x',
    )
    const step = fc.oneof(
      path.map((at) => `rm -rf ${at}`),
      path.map((at) => `mkdir -p ${at}`),
      path.map((at) => `echo text > ${at}`),
      path.map((at) => `chmod 700 ${at}`),
      fc.tuple(path, path).map(([from, to]) => `ln ${from} ${to}`),
      fc.tuple(path, path).map(([from, to]) => `mv ${from} ${to}`),
      fc.tuple(path, path).map(([from, to]) => `cp -a ${from} ${to}`),
      fc.tuple(path, path).map(([from, to]) => `ln -sfn ${from} ${to}`),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 3, maxLength: 14 }), (steps) => {
        expectSame(roundTrip(user, steps.map((line) => `{ ${line}; } 2>/dev/null || :`).join('\n')))
      }),
      { numRuns: 6, endOnFailure: true },
    )
  })
})

test.skipIf(missing.user !== undefined)(
  'in a user namespace devices are left out and counted, and ids outside it are an error that tells',
  () => {
    const folder = temporaryFolder()
    chmodSync(folder, 0o777)
    const node = `${quote(process.execPath)} --disable-warning=ExperimentalWarning ${quote(runner)}`
    const tree = join(folder, 'tree')
    mkdirSync(tree)
    execFileSync('mknod', [join(tree, 'null'), 'c', '1', '3'])
    writeFileSync(join(tree, 'file'), 'x')
    execFileSync('tar', ['-C', tree, '-cf', join(folder, 'a.tar'), '.'])
    inNamespace('user', `cd ${quote(folder)}; mkdir layer; ${node} unpack user a.tar layer`)
    expect(JSON.parse(readFileSync(join(folder, 'a.tar.json'), 'utf8'))).toMatchObject({
      skippedDevices: 1,
      entries: 3,
    })
    expect([existsSync(join(folder, 'layer/null')), existsSync(join(folder, 'layer/file'))]).toEqual([false, true])

    execFileSync('tar', ['-C', tree, '--owner=3000000', '-cf', join(folder, 'b.tar'), 'file'])
    const failing = `cd ${quote(folder)}; mkdir other; ${node} unpack user b.tar other 2>&1 || :`
    expect(inNamespace('user', failing)).toContain('/etc/subuid')
  },
)
