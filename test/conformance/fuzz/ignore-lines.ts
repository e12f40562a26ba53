import type { ContextEntry } from './context-entry.ts'
import type { FuzzCase } from './fuzz-case.ts'
import type { Random } from './random.ts'

const names = ['a', 'b', 'c.d', 'x', '.e', 'b b', 'A'] as const

/** Stages that copy out of one context which an ignore file makes smaller. */
export function ignoreCase(random: Random, size: number): FuzzCase {
  const patterns = random.list(1, 5, () => pattern(random))
  const ignore: ContextEntry = {
    kind: 'file',
    path: '.dockerignore',
    content: patterns.join(random.chance(10) ? '\r\n' : '\n'),
  }
  const units = random.list(1, size, () => [copyLine(random)])
  return {
    head: ['FROM scratch AS base'],
    units,
    lineEnd: '\n',
    entries: [...contextEntries(random), ignore],
    buildArgs: {},
  }
}

function copyLine(random: Random): string {
  const path = random.list(1, 3, () => random.pick(['a', 'b', 'x', 'c.d', '*', '?', '*.d', '.', '.*'])).join('/')
  return `COPY ${random.pick(['.', '.', '*', 'a', './', path, path])} ${random.pick(['/', '/o', '/o/'])}`
}

function pattern(random: Random): string {
  const part = () =>
    random.pick([
      ...names,
      ...names,
      '*',
      '**',
      '?',
      '*.d',
      '[ab]',
      '[^a]',
      'c*',
      '..',
      '.',
      '',
      '\\a',
      '***',
      '**a',
      'a**',
      '?*',
      '[',
      '[a-c]*',
      '$a',
    ])
  const path = random.list(1, 3, part).join('/')
  const front = random.pick(['', '', '', '', '!', '!', '!', '/', '!/', './', '! ', ' ', '#', '\t', '!!', '**/', '!**/'])
  return `${front}${path}${random.pick(['', '', '', '/', ' ', '/**', '/*', '//'])}`
}

function contextEntries(random: Random): ContextEntry[] {
  const path = () => random.list(1, 4, () => random.pick(names)).join('/')
  return random.list(6, 16, (): ContextEntry => {
    const kind = random.below(100)
    if (kind < 75) return { kind: 'file', path: path(), content: 'x' }
    if (kind < 88) return { kind: 'directory', path: path() }
    return { kind: 'symlink', path: path(), target: random.pick(['a', 'b/x', '../a', '/x', 'nowhere', '.']) }
  })
}
