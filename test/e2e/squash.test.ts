import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

/** Commands that change the same few paths in many ways, the same for the same seed. */
function changes(seed: number): readonly string[] {
  let state = seed
  const pick = <T>(values: readonly T[]): T => {
    state = (state * 1103515245 + 12345) % 2147483648
    const value = values[Math.floor((state / 2147483648) * values.length)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }
  const paths = ['a', 'b', 'a/x', 'a/y', 'a/x/p', 'a/x/q', 'b/x', 'c']
  const change = (): string => {
    const [path, other] = [pick(paths), pick(paths)]
    return pick([
      `rm -rf ${path}`,
      `rm -rf ${path}; mkdir -p ${path}`,
      `mkdir -p ${path}; chmod ${pick(['700', '755', '1777'])} ${path}`,
      `echo ${state} > ${path}`,
      `ln -s ${other} ${path}`,
      `ln ${path} ${other}`,
      `mv ${path} ${other}`,
      `mkdir -p ${path}; echo ${state} > ${path}/new`,
      `chown 7:8 ${path}`,
    ])
  }
  // What cannot be done is left undone.
  return Array.from({ length: 7 }, () => `${change()}; ${change()}; ${change()}; true`)
}

describe.each(['root', 'user'] as const)('build --squash as %s', (who) => {
  const reason = unavailable(who)
  const directory = makeTemporaryDirectory()
  const me = reason === undefined ? makeActor(who, directory) : undefined
  beforeAll(() => {
    if (me !== undefined) buildBase(me)
  })
  afterAll(() => removeDirectory(directory))

  const ran = (args: readonly string[]): string => {
    if (me === undefined) throw new Error('nobody')
    const { status, stdout, stderr } = longshore(me, args)
    expect(status, stderr).toBe(0)
    return stdout.trim()
  }
  const tree = (context: string, flags: readonly string[]): string => {
    const file = join(me?.home ?? '', `tree${flags.length}.tar`)
    ran(['build', ...flags, '-q', '-o', `type=tar,dest=${file}`, context])
    const list = execFileSync('tar', ['--full-time', '--numeric-owner', '-tvf', file], { encoding: 'utf8' })
    const bytes = execFileSync('sh', ['-c', `tar -xOf '${file}' | sha256sum`], { encoding: 'utf8' })
    return `${list.split('\n').sort().join('\n')}${bytes}`
  }

  test.skipIf(reason !== undefined)('one layer shows what many do, and what is not below leaves no mark', () => {
    if (me === undefined) return
    for (const seed of [1, 2, 3, 4]) {
      const first = `mkdir -p /w/a/x /w/b; cd /w; touch a/x/p a/y b/x; ${changes(seed + 100).join('; ')}`
      const base = contextFor(me, `base${seed}`, { Dockerfile: `FROM longshore-base\nRUN ${first}\n` })
      ran(['build', '-q', '-t', `below${seed}`, base])
      const lines = changes(seed).map((line) => `RUN ${line}\n`)
      const context = contextFor(me, `squash${seed}`, {
        Dockerfile: `FROM below${seed}\nWORKDIR /w\n${lines.join('')}ENV A=1\n`,
      })
      expect(tree(context, ['--squash'])).toBe(tree(context, []))
    }
    const context = contextFor(me, 'nothing-below', {
      Dockerfile: 'FROM longshore-base\nRUN mkdir /n; touch /n/a /n/b\nRUN rm -rf /n/a; mv /n/b /n/c\n',
    })
    const layout = join(me.home, 'layout')
    ran(['build', '-q', '--squash', '-o', `type=oci,tar=false,dest=${layout},compression=uncompressed`, context])
    const blob = (digest: string): string => join(layout, 'blobs', digest.replace(':', '/'))
    const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
    const manifest = JSON.parse(readFileSync(blob(index.manifests[0].digest), 'utf8'))
    const entries = execFileSync('tar', ['-tf', blob(manifest.layers.at(-1).digest)], { encoding: 'utf8' })
    // Beside mount points that the runtime makes.
    expect(entries.trim().split('\n')).toEqual(expect.arrayContaining(['n/', 'n/c']))
    expect(entries).not.toMatch(/\.wh\.|n\/[ab]/)
  })

  test.skipIf(reason !== undefined)(
    'the base keeps its layers, history its lines, and the next build is the same',
    () => {
      if (me === undefined) return
      const context = contextFor(me, 'history', {
        Dockerfile: 'FROM longshore-base\nRUN echo 1 > /1\nRUN echo 2 > /2\n',
      })
      const id = ran(['build', '-q', '--squash', '-t', 'squashed', context])
      expect(ran(['build', '-q', '--squash', '-t', 'squashed', context])).toBe(id)
      const count = (image: string): number =>
        JSON.parse(ran(['inspect', '--format', '{{json .RootFS.Layers}}', image])).length
      expect(count('squashed')).toBe(count('longshore-base') + 1)
      const lines = ran(['history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Comment}}', 'squashed']).split('\n')
      expect(lines.slice(0, 3)).toEqual([
        'longshore build --squash|2 layers in one',
        expect.stringContaining('echo 2 > /2'),
        expect.stringContaining('echo 1 > /1'),
      ])
      expect(ran(['run', '--rm', 'squashed', 'cat', '/1', '/2'])).toBe('1\n2')
    },
  )

  test.skipIf(reason !== undefined)('annotations are in what leaves the store', () => {
    if (me === undefined) return
    const context = contextFor(me, 'annotated', { Dockerfile: 'FROM longshore-base\nLABEL a=b\n' })
    const layout = join(me.home, 'annotated-layout')
    const read = (name: string): ReturnType<typeof JSON.parse> => JSON.parse(readFileSync(join(layout, name), 'utf8'))
    const write = (flags: readonly string[]): ReturnType<typeof JSON.parse> => {
      ran(['build', '-q', ...flags, '-t', 'annotated', '-o', `type=oci,tar=false,dest=${layout}`, context])
      return read(`blobs/${read('index.json').manifests[0].digest.replace(':', '/')}`)
    }
    expect(write(['--annotation', 'one=1', '--annotation', 'manifest:org.x/two=a=b']).annotations).toEqual({
      one: '1',
      'org.x/two': 'a=b',
    })
    // Kept with the image, so that what is saved or pushed later has them.
    ran(['save', '--format', 'oci-dir', '-o', layout, 'annotated'])
    expect(read(`blobs/${read('index.json').manifests[0].digest.replace(':', '/')}`).annotations).toMatchObject({
      one: '1',
    })
    expect(write([])).not.toHaveProperty('annotations')
    const ofOutput = 'type=image,annotation.One=1,"annotation-manifest.two=a,b=c"'
    expect(write(['-o', ofOutput]).annotations).toEqual({ One: '1', two: 'a,b=c' })
    const both = ['--platform', 'linux/amd64,linux/arm64', '--annotation', 'index:all=yes', '--annotation', 'one=1']
    const scratch = contextFor(me, 'annotated-index', { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' })
    ran(['build', '-q', ...both, '-o', `type=oci,tar=false,dest=${layout}`, scratch])
    const index = read(`blobs/${read('index.json').manifests[0].digest.replace(':', '/')}`)
    expect(index.annotations).toEqual({ all: 'yes' })
    expect(read(`blobs/${index.manifests[1].digest.replace(':', '/')}`).annotations).toEqual({ one: '1' })
  })
})

test('annotations that cannot be are refused', () => {
  const directory = makeTemporaryDirectory()
  try {
    const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
    const refused = (text: string): string => longshore(me, ['build', '--annotation', text, me.home]).stderr
    expect(refused('words')).toMatch(/"words" is not KEY=VALUE/)
    expect(refused('index:a=b')).toMatch(/this build makes none/)
    expect(refused('index-descriptor:a=b')).toMatch(/annotations of "index-descriptor" are not supported/)
  } finally {
    removeDirectory(directory)
  }
})
