import { describe, expect, it } from 'vitest'
import { operationsOf, problemsOf } from './lower-text.ts'

const copyOf = (line: string) => operationsOf('copy', `FROM a\n${line}`).at(-1)

describe('--exclude', () => {
  it('may be given several times, and variables in it are text', () => {
    expect(copyOf('ENV x=1\nCOPY --exclude=*.md --exclude=!$x/keep a b')?.rules).toEqual({
      excludes: ['*.md', '!$x/keep'],
      parents: false,
    })
    expect(copyOf('COPY a b')).not.toHaveProperty('rules')
  })

  it.each(['[a', '!', 'a\\\\'])('refuses the pattern %s', (pattern) => {
    const [problem, ...others] = problemsOf(`FROM a\nADD --exclude="${pattern}" a b`)
    expect(problem).toContain('invalid-exclude: invalid pattern "')
    expect(others).toEqual([])
  })
})

describe('--parents', () => {
  it.each([
    ['a/b', 'a/b'],
    ['./a/./b/./c', 'a/./b/c'],
    ['./a', 'a'],
    ['/./a', 'a'],
    ['../a/../b/./../c/', 'b/./c'],
    ['**/*.md', '**/*.md'],
    ['a/*/./**', 'a/*/./**'],
    ['.', '.'],
  ])('keeps the first /./ of %s', (written, source) => {
    expect(copyOf(`COPY --parents ${written} /d/`)).toMatchObject({
      sources: [source],
      rules: { excludes: [], parents: true },
    })
    expect(copyOf(`COPY --parents=false ${written} /d/`)).not.toHaveProperty('rules')
  })
})

describe('--link', () => {
  it('is kept, and off with --chmod or when it is false', () => {
    expect(copyOf('COPY --link a b')?.link).toBe(true)
    expect(copyOf('ADD --link=TRUE --chown=1:2 a b')?.link).toBe(true)
    expect(copyOf('COPY --link --chmod=644 a b')).not.toHaveProperty('link')
    expect(copyOf('COPY --link=false a b')).not.toHaveProperty('link')
  })

  it.each(['app', 'app:0', '0:app'])('knows no names: %s', (owner) => {
    expect(problemsOf(`FROM a\nCOPY --link --chown=${owner} a b`)).toEqual([
      `link-chown-name: --link makes its layer without the image below, so the name in --chown=${owner} means nothing there`,
    ])
    expect(problemsOf(`FROM a\nCOPY --link --chmod=644 --chown=${owner} a b`)).toEqual([])
  })
})

describe('--unpack', () => {
  it.each([
    ['ADD a b', true],
    ['ADD --unpack a b', true],
    ['ADD --unpack=True a b', true],
    ['ADD --unpack=false a b', false],
    ['COPY a b', false],
  ])('%s: %s', (line, unpack) => expect(copyOf(line)?.unpack).toBe(unpack))
})

describe('heredocs', () => {
  it('stand behind the sources in history, under their names', () => {
    expect(copyOf('COPY x <<a.txt <<-"b" y /d/\nA\na.txt\n\tB\n\tb')).toMatchObject({
      sources: ['x', 'y'],
      inline: [
        { name: 'a.txt', content: 'A\n' },
        { name: 'b', content: 'B\n' },
      ],
      createdBy: 'COPY x y <<a.txt <<b /d/ # buildkit',
    })
  })

  it('take flags, and none is unpacked', () => {
    expect(copyOf('ADD --chown=1 --chmod=u+x <<E /x\nE')).toMatchObject({
      sources: [],
      inline: [{ name: 'E', content: '' }],
      chown: '1',
      chmod: 'u+x',
    })
  })
})
