// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are Dockerfile words
import { describe, expect, it } from 'vitest'
import { amd64, lowerText, operationsOf, problemsOf, programOf, stageOf } from './lower-text.ts'

const indexesOf = (text: string, target?: string) =>
  programOf(text, target === undefined ? {} : { target }).stages.map((stage) => stage.index)

describe('stages', () => {
  it('builds on images, stages and nothing', () => {
    const { stages } = programOf('ARG t=3\nFROM a:$t AS One\nFROM ONE AS two\nFROM scratch\nCOPY --from=two x y')
    expect(stages.map(({ name, base }) => [name, base])).toEqual([
      ['one', { kind: 'image', reference: 'a:3', platform: amd64 }],
      ['two', { kind: 'stage', stage: 0 }],
      ['2', { kind: 'scratch' }],
    ])
  })

  it('keeps to what the target needs, each stage after those it needs', () => {
    const text = 'FROM a AS x\nFROM b AS y\nFROM x AS z\nCOPY --from=y f f\nFROM c'
    expect(indexesOf(text)).toEqual([3])
    expect(indexesOf(text, 'Z')).toEqual([0, 1, 2])
    expect(indexesOf(text, '1')).toEqual([1])
    expect(programOf(text, { target: 'z' })).toMatchObject({ target: 2, stageCount: 4 })
  })

  it('does not look at stages it does not reach', () => {
    const text =
      'FROM ${no:?} AS broken\nCOPY --from=later x y\nFROM UPPER AS bad\nRUN --mount=type=cache,target=/x y\nFROM ok'
    const { result, rounds } = lowerText(text)
    expect(result.kind).toBe('program')
    expect(rounds.map((round) => round.map((image) => image.key))).toEqual([['ok']])
  })

  it('counts syntax errors wherever they are', () => {
    expect(problemsOf('FROM a AS x\nCOPY\nFROM b')).toEqual(['missing-arguments: COPY requires at least two arguments'])
  })

  it('takes the name of a stage before that of an image, but not of itself or a later one', () => {
    expect(programOf('FROM alpine AS alpine\nFROM alpine').stages.map((stage) => stage.base)).toEqual([
      { kind: 'image', reference: 'alpine', platform: amd64 },
      { kind: 'stage', stage: 0 },
    ])
    expect(programOf('FROM later\nFROM b AS later', { target: '0' }).stages[0]?.base).toMatchObject({ kind: 'image' })
  })

  it('means the later of two stages of one name', () => {
    const { stages } = programOf('FROM a AS x\nFROM b AS x\nFROM c\nCOPY --from=x f f')
    expect(stages.map((stage) => stage.index)).toEqual([1, 2])
  })

  it.each<[string, string]>([
    [
      'FROM a AS y\nCOPY --from=x f f\nFROM b AS x\nFROM y',
      'stage-order: cannot copy from stage "x", it needs to be defined before current stage "y"',
    ],
    [
      'FROM a AS x\nCOPY --from=X f f',
      'stage-order: cannot copy from stage "X", it needs to be defined before current stage "x"',
    ],
    [
      'FROM a\nCOPY --from=0 f f',
      'invalid-stage-index: invalid stage index 0 in --from: no such stage before this one',
    ],
    [
      'FROM a\nFROM b\nCOPY --from=7 f f',
      'invalid-stage-index: invalid stage index 7 in --from: no such stage before this one',
    ],
    ['FROM a\nCOPY --from=$x f f', 'from-variable: variable expansion is not supported for --from: $x'],
    ['FROM a\nCOPY --from=scratch f f', 'copy-from-scratch: scratch has no files to copy'],
    [
      'FROM a AS base\nFROM b\nCOPY --from=base: f f',
      'invalid-reference: invalid reference format in --from: "base:": the tag "" must be 1 to 128 of A-Z a-z 0-9 _ . - and not begin with . or - (did you mean base?)',
    ],
    [
      'FROM UPPER',
      'invalid-reference: failed to parse stage name "UPPER": invalid reference format: the name "UPPER" must be in lower case (did you mean upper?)',
    ],
    ['FROM ${b:?give}', 'invalid-substitution: failed to process "${b:?give}": b: give'],
    ['FROM --platform=a/b/c/d x', 'invalid-platform: failed to parse platform "a/b/c/d" of FROM'],
  ])('%j fails', (text, problem) => {
    const { result } = lowerText(text)
    expect(result.kind).toBe('failed')
    expect(problemsOf(text)).toEqual([problem])
  })

  it('says that a base name is blank, and that its default is to blame', () => {
    expect(problemsOf('ARG b\nFROM $b')).toEqual([
      'invalid-default-arg-in-from: Default value for ARG $b results in empty or invalid base image name',
      'blank-base-name: base name ($b) should not be blank',
    ])
  })

  it('guesses at targets', () => {
    const text = 'FROM a AS builder\nFROM b'
    expect(problemsOf(text, { target: 'bulder' })).toEqual([
      'unknown-target: target stage "bulder" could not be found (did you mean builder?)',
    ])
    expect(problemsOf(text, { target: '2' })).toEqual(['unknown-target: target stage "2" could not be found'])
  })

  it('asks for all base images at once, and for images to copy from along with them', () => {
    const text = 'FROM a AS x\nCOPY --from=tool:1 f f\nFROM b AS y\nFROM scratch\nCOPY --from=x f f\nCOPY --from=y f f'
    const { rounds, result } = lowerText(text)
    expect(rounds.map((round) => round.map(({ key, use }) => [key, use]))).toEqual([
      [
        ['a', 'base'],
        ['b', 'base'],
        ['tool:1', 'files'],
      ],
    ])
    expect(result.kind).toBe('program')
  })

  it('needs no facts to copy from an image', () => {
    const { rounds } = lowerText('FROM scratch\nCOPY --from=tool:1 /f /f')
    expect(rounds).toEqual([])
    expect(operationsOf('copy', 'FROM scratch\nCOPY --from=tool:1 /f /f')[0]?.from).toEqual({
      kind: 'image',
      reference: 'tool:1',
      platform: amd64,
    })
  })

  it('honours --platform, and keeps one image for two platforms apart', () => {
    const text = 'FROM --platform=$BUILDPLATFORM a AS tools\nFROM a\nCOPY --from=tools f f\nCOPY --from=a g g'
    const arm64 = { os: 'linux', architecture: 'arm64' }
    const { rounds } = lowerText(text, { targetPlatform: arm64 })
    expect(rounds).toMatchObject([
      [
        { key: 'a', platform: arm64, use: 'base' },
        { key: 'a linux/amd64', platform: amd64, use: 'base' },
        { key: 'a', platform: arm64, use: 'files' },
      ],
    ])
    const { stages } = programOf(text, { targetPlatform: arm64 })
    expect(stages.map((stage) => stage.platform)).toEqual([amd64, arm64])
    expect(stageOf('FROM --platform= a').platform).toEqual(amd64)
    expect(stageOf('FROM --platform=arm64 a AS x\nFROM x').platform).toEqual(arm64)
  })
})

describe('ONBUILD', () => {
  it('keeps the text for the image, without history', () => {
    const stage = stageOf('FROM a\nonbuild   copy  a \\\n  b\nONBUILD RUN <<E\nx\nE')
    expect(stage.config.onBuild).toEqual(['copy  a   b', 'RUN <<E\nx\nE'])
    expect(stage.operations).toEqual([])
  })

  it('runs the triggers of a pulled image first, and drops them from the config', () => {
    const text = 'FROM a\nRUN last'
    const setup = { images: { a: { onBuild: ['ENV x=1', 'RUN echo $x', 'COPY . /src'] } } }
    const stage = stageOf(text, setup)
    expect(stage.operations.map((operation) => operation.createdBy)).toEqual([
      'ENV x=1',
      'RUN /bin/sh -c echo $x # buildkit',
      'COPY . /src # buildkit',
      'RUN /bin/sh -c last # buildkit',
    ])
    expect(stage.config.onBuild).toBeUndefined()
    expect(stage.operations[1]?.origin).toEqual({
      file: 'ONBUILD of a',
      span: { start: 0, end: 6 },
      startLine: 1,
      endLine: 1,
      text: 'RUN echo $x',
    })
  })

  it('runs those of a stage of the same file in its children, once', () => {
    const text = 'FROM a AS p\nONBUILD RUN t\nFROM p AS c\nFROM c'
    const { stages } = programOf(text)
    expect(stages.map((stage) => stage.operations.map((operation) => operation.createdBy))).toEqual([
      [],
      ['RUN /bin/sh -c t # buildkit'],
      [],
    ])
    expect(stages[1]?.operations[0]?.origin).toMatchObject({ file: 'Dockerfile', startLine: 2, text: 'RUN t' })
  })

  it('lets triggers bring in stages and images', () => {
    const text = 'FROM x AS tools\nFROM a'
    const setup = { images: { a: { onBuild: ['COPY --from=tools /t /t'] } } }
    const { rounds } = lowerText(text, setup)
    expect(rounds.map((round) => round.map((image) => image.key))).toEqual([['a'], ['x']])
    expect(programOf(text, setup).stages.map((stage) => stage.index)).toEqual([0, 1])
  })

  it('reports what is wrong in a trigger at the FROM that brought it', () => {
    const broken = { images: { a: { onBuild: ['COPY x'] } } }
    const { result } = lowerText('ARG x\nFROM a', broken)
    expect(result).toMatchObject({ kind: 'failed', diagnostics: [{ file: 'Dockerfile', span: { start: 6, end: 12 } }] })
    expect(problemsOf('FROM a', broken)[0]).toContain('ONBUILD trigger "COPY x" of a: COPY requires at least two')
    const late = { images: { a: { onBuild: ['COPY --chmod=9 x y'] } } }
    expect(problemsOf('FROM a', late)[0]).toContain('ONBUILD trigger "COPY --chmod=9 x y" of a: invalid chmod')
  })

  it('gives no warnings about what the user cannot mend', () => {
    expect(problemsOf('FROM a', { images: { a: { onBuild: ['ENV a=$no', 'CMD x'] } } })).toEqual([])
  })
})
