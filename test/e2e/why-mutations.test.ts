import { chmodSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contextFor, giveTo, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
afterAll(() => removeDirectory(directory))

const dockerfile = [
  'FROM longshore-base AS build',
  'ARG V=1',
  'COPY src /src',
  'RUN cat /src/a > /out',
  'FROM longshore-base',
  'COPY <<X /here',
  'body',
  'X',
  'RUN --mount=type=bind,source=src,target=/m cat /m/b',
  'ADD --chmod=644 src/a /added',
  'WORKDIR /w',
  'COPY --from=build /out /out',
].join('\n')

let context = ''
const path = (name: string): string => join(context, name)
const write = (name: string, text: string) => (): void => writeFileSync(path(name), text)
const replace = (from: string, to: string) => (): void => {
  expect(dockerfile).toContain(from)
  writeFileSync(path('Dockerfile'), dockerfile.replace(from, to))
}

const toSymlink = (): void => {
  rmSync(path('src/b'))
  symlinkSync('a', path('src/b'))
}

/** What is done, and what `why` says of the first step that would run; nothing: the next build would run nothing. */
interface Mutation {
  readonly name: string
  readonly mutate: () => void
  readonly causes: readonly string[]
  readonly args: readonly string[]
}

function mutation(name: string, mutate: () => void, causes: readonly string[], ...args: readonly string[]): Mutation {
  return { name, mutate, causes, args }
}

const mutations: readonly Mutation[] = [
  mutation('content', write('src/a', 'A'), ['src/a: content changed']),
  mutation('the same size', write('src/a', 'b'), ['src/a: content changed']),
  mutation('mode', () => chmodSync(path('src/b'), 0o600), ['src/b: mode changed']),
  mutation('mtime alone', () => utimesSync(path('src/b'), 5, 5), []),
  mutation('added', write('src/c', 'c'), ['src/c: added']),
  mutation('removed', () => rmSync(path('src/b')), ['src/b: removed']),
  mutation('renamed', () => renameSync(path('src/b'), path('src/c')), ['src/c: added', 'src/b: removed']),
  mutation('symlink', () => symlinkSync('a', path('src/l')), ['src/l: added']),
  mutation('file to symlink', toSymlink, ['src/b: is of another type']),
  mutation('not taken', write('other', 'x'), []),
  mutation('let in', write('.dockerignore', 'src/*\n!src/a\n'), [
    'src/b: removed (left out by .dockerignore:1: src/*)',
  ]),
  mutation('rule of no effect', write('.dockerignore', 'nothing\n'), []),
  mutation('argument', replace('V=1', 'V=2'), ['variable V: was "1", is "2"']),
  mutation('argument given', () => undefined, ['variable V: was "1", is "3"'], '--build-arg', 'V=3'),
  mutation('argument of the same value', () => undefined, [], '--build-arg', 'V=1'),
  mutation('unknown argument', () => undefined, [], '--build-arg', 'OTHER=1'),
  mutation('comment', replace('COPY src', '# a comment\nCOPY src'), []),
  mutation('case of a keyword', replace('COPY src', 'copy src'), []),
  mutation('variable', replace('COPY src', 'ENV E=1\nCOPY src'), ['variable E is new: "1"']),
  mutation('command', replace('cat /src/a', 'cat  /src/a'), ['command: was "/bin/sh -c cat /src/a > /out"']),
  mutation('heredoc', replace('body', 'text'), ['heredoc X: was "body']),
  mutation('user', replace('RUN cat', 'USER 1000\nRUN cat'), ['USER: was "", is "1000"']),
  mutation('shell', replace('RUN cat', 'SHELL ["/bin/sh", "-ec"]\nRUN cat'), ['command: was "/bin/sh -c']),
  mutation('mount', replace('source=src', 'source=src,rw'), ['mount /m: was "type=bind,target=/m,readonly"']),
  mutation('network', replace('RUN cat', 'RUN --network=none cat'), ['network: was "default", is "none"']),
  mutation('mode of a copy', replace('644', '600'), ['chmod: was "644", is "600"']),
  mutation('owner of a copy', replace('COPY src', 'COPY --chown=1:1 src'), ['chown: was "none", is "1:1"']),
  mutation('destination', replace('/added', '/put'), ['destination: was "/added", is "/put"']),
  mutation('directory', replace('WORKDIR /w', 'WORKDIR /v'), ['WORKDIR: was "/w", is "/v"']),
  mutation('subset', replace('COPY src /src', 'COPY src/a /src/a'), [
    'destination: was "/src", is "/src/a"',
    'src/b: removed',
  ]),
  mutation('inserted', replace('COPY src', 'RUN true\nCOPY src'), ['a new instruction: no earlier build']),
  mutation('label', replace('WORKDIR /w', 'LABEL a=b\nWORKDIR /w'), []),
]

beforeAll(() => buildBase(me))

test.each(mutations)('$name', ({ name, mutate, causes, args }) => {
  const files = { Dockerfile: dockerfile, 'src/a': 'a', 'src/b': 'b' }
  context = contextFor(me, `mutation-${mutations.findIndex((one) => one.name === name)}`, files)
  expect(longshore(me, ['build', '-q', context]).status).toBe(0)
  mutate()
  giveTo(me, context)
  const why = longshore(me, ['why', '-C', context, ...args, '--format', 'json'])
  expect(why.stderr).not.toContain('error')
  const { explains, steps } = JSON.parse(why.stdout)
  const shown = longshore(me, ['why', '-C', context, ...args]).stdout
  if (causes.length === 0) expect(`${explains} ${shown}`).toMatch(/would run nothing|Every step is cached/)
  else {
    expect(explains).toBe('The next build would run:')
    expect(steps[0].causes).toHaveLength(causes.length)
    for (const cause of causes) expect(shown).toContain(`      ${cause}`)
  }
  expect(readFileSync(path('Dockerfile'), 'utf8')).not.toBe('')
})
