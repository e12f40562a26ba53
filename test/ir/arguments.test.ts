// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are Dockerfile words
import { describe, expect, it } from 'vitest'
import { amd64, type LowerSetup, lowerText, operationsOf, problemsOf, programOf, stageOf } from './lower-text.ts'

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Environment of the last RUN, without PATH. */
function envOf(text: string, setup?: LowerSetup): readonly string[] | undefined {
  return operationsOf('run', text, setup)
    .at(-1)
    ?.env.filter((entry) => entry !== path)
}

describe('ARG and ENV', () => {
  it.each<[string, string, LowerSetup, readonly string[]]>([
    ['a default', 'FROM a\nARG v=1\nRUN x', {}, ['v=1']],
    ['a build argument instead of it', 'FROM a\nARG v=1\nRUN x', { buildArgs: { v: '2' } }, ['v=2']],
    ['no default and no build argument: not exported', 'FROM a\nARG v\nRUN x', {}, []],
    ['an empty default: exported', 'FROM a\nARG v=\nRUN x', {}, ['v=']],
    ['an empty build argument', 'FROM a\nARG v=1\nRUN x', { buildArgs: { v: '' } }, ['v=']],
    ['a build argument nobody declares: not exported', 'FROM a\nRUN x', { buildArgs: { v: '1' } }, []],
    ['visible from its line on', 'FROM a\nENV e=${v:-unset}\nARG v=1\nRUN x', {}, ['e=unset', 'v=1']],
    ['a global: not visible in a stage', 'ARG v=1\nFROM a\nENV e=${v:-unset}\nRUN x', {}, ['e=unset']],
    ['a global redeclared', 'ARG v=1\nFROM a\nARG v\nRUN x', {}, ['v=1']],
    ['a global redeclared with a default', 'ARG v=1\nFROM a\nARG v=2\nRUN x', {}, ['v=2']],
    ['a global redeclared, with a build argument', 'ARG v=1\nFROM a\nARG v\nRUN x', { buildArgs: { v: '3' } }, ['v=3']],
    ['not the ARG of another stage', 'FROM a\nARG v=1\nFROM a\nRUN x', {}, []],
    ['the ARG and ENV of the parent stage', 'FROM a AS p\nARG v=1\nENV e=2\nFROM p\nRUN x', {}, ['e=2', 'v=1']],
    ['ENV before ARG', 'FROM a\nENV v=e\nARG v=1\nRUN x', { buildArgs: { v: '2' } }, ['v=e']],
    ['ENV after ARG', 'FROM a\nARG v=1\nENV v=e\nRUN x', {}, ['v=e']],
    ['ENV made of an ARG of its name', 'FROM a\nARG v=1\nENV v=${v:-d}\nRUN x', {}, ['v=1']],
    ['the later of two ARGs', 'FROM a\nARG v=1\nARG v=2\nRUN x', {}, ['v=2']],
    ['an earlier value when redeclared bare', 'FROM a\nARG v=1\nARG v\nRUN x', {}, ['v=1']],
    ['same-line rule of ENV', 'FROM a\nENV abc=hello\nENV abc=bye def=$abc\nRUN x', {}, ['abc=bye', 'def=hello']],
    ['same-line rule of ARG', 'FROM a\nARG a=1 b=$a\nRUN x', {}, ['a=1', 'b=']],
    ['globals see earlier ones', 'ARG a=1\nARG b=$a-2 c=$b\nFROM a\nARG c\nRUN x', {}, ['c=1-2']],
    ['position of an overridden ENV', 'FROM a\nENV a=1 b=2\nENV a=3 c=4\nRUN x', {}, ['a=3', 'b=2', 'c=4']],
    [
      'a default that is not expanded when replaced',
      'FROM a\nARG v=${no:?}\nRUN x',
      { buildArgs: { v: '1' } },
      ['v=1'],
    ],
    [
      'a global default that is not expanded when replaced',
      'ARG v=${no:?}\nFROM a\nARG v\nRUN x',
      { buildArgs: { v: '1' } },
      ['v=1'],
    ],
    ['an undefined variable: empty', 'FROM a\nENV e=a${no}b\nRUN x', {}, ['e=ab']],
    ['the legacy form', 'FROM a\nENV v=x\nENV e $v  "q"\nRUN x', {}, ['v=x', 'e=x  q']],
    ['ENV of the base', 'FROM a\nENV f=$e\nRUN x', { images: { a: { env: ['e=b', 'x'] } } }, ['e=b', 'x=', 'f=b']],
  ])('%s', (_, text, setup, expected) => {
    expect(envOf(text, setup)).toEqual(expected)
  })

  it('knows the platform arguments, once they are declared', () => {
    const arm = { os: 'linux', architecture: 'arm', variant: 'v7' }
    const text = 'FROM a\nRUN x\nARG TARGETARCH TARGETVARIANT BUILDPLATFORM TARGETPLATFORM=own TARGETSTAGE\nRUN x'
    const setup = { targetPlatform: arm, buildPlatform: amd64 }
    const [first, second] = operationsOf('run', text, setup)
    expect(first?.env).toEqual([path])
    expect(second?.env.slice(1)).toEqual([
      'TARGETARCH=arm',
      'TARGETVARIANT=v7',
      'BUILDPLATFORM=linux/amd64',
      'TARGETPLATFORM=own',
      'TARGETSTAGE=default',
    ])
    expect(envOf('FROM a\nARG TARGETARCH\nRUN x', { ...setup, buildArgs: { TARGETARCH: 'mine' } })).toEqual([
      'TARGETARCH=mine',
    ])
  })

  it('gives proxies to RUN apart from its env, in both cases, unless declared or set', () => {
    const setup = { buildArgs: { HTTP_PROXY: 'p', no_proxy: 'n', NO_PROXY: 'N' } }
    const [plain] = operationsOf('run', 'FROM a\nRUN x', setup)
    expect(plain?.env).toEqual([path])
    expect(plain?.proxyEnv).toEqual(['HTTP_PROXY=p', 'http_proxy=p', 'NO_PROXY=N', 'no_proxy=n'])
    expect(plain?.createdBy).toBe('RUN /bin/sh -c x # buildkit')
    const [declared] = operationsOf('run', 'FROM a\nARG HTTP_PROXY\nENV no_proxy=e\nRUN x', setup)
    expect(declared?.env).toEqual([path, 'no_proxy=e', 'HTTP_PROXY=p'])
    expect(declared?.proxyEnv).toEqual(['http_proxy=p', 'NO_PROXY=N'])
    expect(declared?.createdBy).toBe('RUN |1 HTTP_PROXY=p /bin/sh -c x # buildkit')
  })

  it('sets PATH in the config when the base has none, and keeps the one it has', () => {
    expect(stageOf('FROM scratch').config.env).toEqual([path])
    expect(stageOf('FROM a', { images: { a: { env: ['A=b', 'PATH=/x'] } } }).config.env).toEqual(['A=b', 'PATH=/x'])
    expect(stageOf('FROM scratch\nENV PATH=/y:$PATH').config.env).toEqual([path.replace('=', '=/y:')])
  })

  it('stores ENV and no ARG in the image', () => {
    expect(stageOf('FROM a\nARG x=1\nENV y=$x').config.env).toEqual([path, 'y=1'])
  })

  it('takes no inherited property for a build argument', () => {
    expect(envOf('FROM a\nARG constructor\nARG __proto__=p\nRUN x')).toEqual(['__proto__=p'])
  })

  it('expands names too, and refuses blank ones', () => {
    expect(stageOf('FROM a\nENV k=x\nLABEL $k.y=1 "q r"=2').config.labels).toEqual({ 'x.y': '1', 'q r': '2' })
    expect(problemsOf('FROM a\nARG no\nENV $no=1')).toEqual(['blank-name: ENV names can not be blank'])
  })
})

describe('warnings about variables', () => {
  it('finds undeclared ones outside of RUN', () => {
    expect(problemsOf('FROM a\nENV version=1\nCOPY $verson /x\nRUN echo $nope\nCMD ["$nope"]')).toEqual([
      "undefined-var: Usage of undefined variable '$verson' (did you mean $version?)",
    ])
  })

  it('says nothing of declared ones without a value, nor of those with a fallback', () => {
    expect(problemsOf('FROM a\nARG x\nENV y=$x z=${no:-d} w=${no+d} v=$1')).toEqual([])
  })

  it('points at the variable', () => {
    const text = 'FROM a\nWORKDIR /x/${no}/y\n'
    const [warning] = programOf(text).diagnostics
    expect(text.slice(warning?.span.start, warning?.span.end)).toBe('${no}')
  })

  it('finds undeclared arguments in FROM', () => {
    const text = 'ARG BASE=a\nFROM ${BSE}${BASE}'
    expect(problemsOf(text)).toEqual([
      "undefined-arg-in-from: FROM argument 'BSE' is not declared (did you mean BASE?)",
    ])
    expect(problemsOf('FROM --platform=$BUILDPLATFORM a')).toEqual([])
  })

  it('finds build arguments that nothing declares', () => {
    expect(
      problemsOf('FROM a\nARG VERSION\n', { buildArgs: { VERSIONS: '1', http_proxy: 'x', TARGETOS: 'y' } }),
    ).toEqual(['unused-build-arg: build argument "VERSIONS" is not declared by any ARG (did you mean VERSION?)'])
    expect(
      problemsOf('ARG g\nFROM a AS x\nARG s\nFROM b\nONBUILD ARG o', { buildArgs: { g: '', s: '', o: '' } }),
    ).toEqual([])
    const owner = { images: { a: { onBuild: ['ARG t'] } }, buildArgs: { t: '1' } }
    expect(problemsOf('FROM a', owner)).toEqual([])
  })

  it('can be silenced, and be made errors', () => {
    expect(problemsOf('# check=skip=UndefinedVar\nFROM a\nENV a=$b')).toEqual([])
    expect(lowerText('# check=error=true\nFROM a\nENV a=$b').result.kind).toBe('failed')
  })
})
