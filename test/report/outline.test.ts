import { describe, expect, it } from 'vitest'
import { sourceFile } from '../../src/base/index.ts'
import { describeOutline, describeTargets, type ProgramOptions } from '../../src/ir/index.ts'
import { outlineJson, renderOutline, renderTargets, targetsJson } from '../../src/report/index.ts'
import { parseText } from '../dockerfile/parse-text.ts'
import { amd64 } from '../ir/lower-text.ts'

const text = `# GO_VERSION is the version of Go
ARG GO_VERSION=1.24
ARG UNUSED=1

FROM golang:$GO_VERSION AS base
# base needs the network
ARG TARGETARCH

# build compiles it all
FROM --platform=$BUILDPLATFORM base AS build
# MODE is debug or release
ARG MODE=$GO_VERSION-debug EXTRA
RUN --mount=type=secret,id=npm --mount=type=cache,target=/root/.cache true
RUN --mount=type=secret,target=/run/token,required --mount=type=ssh true

FROM scratch AS other
ARG OTHER=1

FROM scratch
COPY --from=build /app /app
`
const source = sourceFile('Dockerfile', text)
const parsed = parseText(text)

function outline(options: Partial<ProgramOptions> = {}) {
  const found = describeOutline(parsed, source, {
    buildArgs: {},
    buildPlatform: amd64,
    targetPlatform: amd64,
    ...options,
  })
  if (found.kind === 'failed') throw new Error(JSON.stringify(found.diagnostics))
  return found
}

describe('--call=outline', () => {
  it('shows what the target and the stages it needs take', () => {
    expect(renderOutline(outline({ target: 'build', buildArgs: { EXTRA: 'x' } }))).toBe(
      [
        'TARGET:      build',
        'DESCRIPTION: compiles it all',
        '',
        'BUILD ARG    VALUE        DESCRIPTION',
        'GO_VERSION   1.24         is the version of Go',
        'MODE         1.24-debug   is debug or release',
        'EXTRA        x            ',
        '',
        'SECRET   REQUIRED',
        'npm      ',
        'token    true',
        '',
        'SSH       REQUIRED',
        'default   ',
        '',
        'CACHE',
        '/root/.cache',
        '',
        '',
      ].join('\n'),
    )
  })

  it('follows COPY --from, and stops at stages that are not needed', () => {
    expect(outline().args.map(({ name }) => name)).toEqual(['GO_VERSION', 'MODE', 'EXTRA'])
    expect(outline({ target: 'other' })).toMatchObject({
      args: [{ name: 'OTHER', value: '1' }],
      secrets: [],
      caches: [],
    })
    expect(renderOutline(outline({ target: 'base' }))).toMatch(/^TARGET: base\n\nBUILD ARG/)
  })

  it('fails for a target that is not there', () => {
    const options = { buildArgs: {}, buildPlatform: amd64, targetPlatform: amd64, target: 'biuld' }
    expect(describeOutline(parsed, source, options)).toMatchObject({
      kind: 'failed',
      diagnostics: [{ code: 'unknown-target' }],
    })
  })

  it('has the keys of BuildKit in JSON', () => {
    expect(JSON.parse(outlineJson(outline({ target: 'build' }), source))).toEqual({
      name: 'build',
      description: 'compiles it all',
      args: [
        { name: 'GO_VERSION', description: 'is the version of Go', value: '1.24', location: lines(2) },
        { name: 'MODE', description: 'is debug or release', value: '1.24-debug', location: lines(12) },
        { name: 'EXTRA', location: lines(12) },
      ],
      secrets: [
        { name: 'npm', location: lines(13) },
        { name: 'token', required: true, location: lines(14) },
      ],
      ssh: [{ name: 'default', location: lines(14) }],
      cache: [{ ID: '/root/.cache', location: lines(13) }],
      sources: [Buffer.from(text).toString('base64')],
    })
  })
})

describe('--call=targets', () => {
  it('lists stages, the default one marked', () => {
    expect(renderTargets(describeTargets(parsed, source))).toBe(
      [
        'TARGET      DESCRIPTION',
        'base        ',
        'build       compiles it all',
        'other       ',
        '(default)   ',
        '',
      ].join('\n'),
    )
    const named = 'FROM a\nFROM b AS c'
    expect(renderTargets(describeTargets(parseText(named), sourceFile('Dockerfile', named)))).toBe(
      ['TARGET        DESCRIPTION', '              ', 'c (default)   ', ''].join('\n'),
    )
  })

  it('has the keys of BuildKit in JSON', () => {
    expect(JSON.parse(targetsJson(describeTargets(parsed, source), source)).targets).toEqual([
      { name: 'base', base: 'golang:$GO_VERSION', location: lines(5) },
      {
        name: 'build',
        description: 'compiles it all',
        base: 'base',
        platform: '$BUILDPLATFORM',
        location: lines(10),
      },
      { name: 'other', base: 'scratch', location: lines(16) },
      { default: true, base: 'scratch', location: lines(19) },
    ])
  })
})

function lines(line: number): object {
  return { ranges: [{ start: { line }, end: { line } }] }
}
