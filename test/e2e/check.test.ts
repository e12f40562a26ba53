import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, checkout, contextFor, longshore, makeActor, runAs, unavailable } from '../support/actor.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
const who = unavailable('user') === undefined ? 'user' : 'root'
let me: Actor
beforeAll(() => {
  me = makeActor(who, directory)
})
afterAll(() => removeDirectory(directory))

let counter = 0

function context(dockerfile: string, files: Readonly<Record<string, string>> = {}): string {
  counter += 1
  return contextFor(me, `check-${counter}`, { Dockerfile: dockerfile, ...files })
}

const clean = 'FROM scratch\nCOPY a /\n'

describe('longshore check', () => {
  test('says nothing is wrong, and makes no store', () => {
    const result = longshore(me, ['check', context(clean, { a: '' })])
    expect(result).toMatchObject({ status: 0, stderr: '' })
    expect(result.stdout).toMatch(/^.*Dockerfile: no problems\n$/)
    expect(existsSync(join(me.home, 'store'))).toBe(false)
  })

  test('ends with 1 for warnings and with 125 for errors', () => {
    const warned = longshore(me, ['check', context('FROM debian\nCOPY app.log /\n', { '.dockerignore': '*.log\n' })])
    expect(warned.status).toBe(1)
    expect(warned.stdout).toContain('Dockerfile:1:6: warning: base image "debian" has no tag')
    expect(warned.stdout).toContain(
      'Dockerfile:2:6: warning: Attempting to Copy file "app.log" that is excluded by .dockerignore [copy-ignored-file]\n' +
        '   2 | COPY app.log /\n     |      ^^^^^^^\n  hint: line 1 of .dockerignore excludes it ("*.log")\n',
    )
    expect(warned.stdout).toMatch(/Dockerfile: 2 warnings\n$/)
    const broken = longshore(me, ['check', context('FROM debian:12\nCOPPY a b\nFROM other AS X\n')])
    expect(broken.status).toBe(125)
    expect(broken.stdout).toContain('unknown instruction: COPPY')
    expect(broken.stdout).toContain("Stage name 'X' should be lowercase")
  })

  test('an ignore file that takes something in again says nothing about COPY', () => {
    const ignore = '*.log\n!app.log\n'
    expect(longshore(me, ['check', context('FROM scratch\nCOPY b.log /\n', { '.dockerignore': ignore })]).status).toBe(
      0,
    )
  })

  test('does not miss what an unknown base image may set', () => {
    const unsure = 'FROM registry.invalid/base:1\nENV P=$HOME_OF_BASE\n'
    expect(longshore(me, ['check', context(unsure)]).status).toBe(0)
    const sure = longshore(me, ['check', context('ARG TAG=1\nFROM registry.invalid/base:$TAG\nENV P=$TAG\n')])
    expect(sure.stdout).toContain('[undefined-var]')
  })

  test('takes several files, and prints them for machines', () => {
    const first = join(context('FROM debian\n'), 'Dockerfile')
    const second = join(context('FROM debian:12 AS B\n'), 'Dockerfile')
    const json = longshore(me, ['check', '--format', 'json', first, second])
    expect(json.status).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({
      version: 1,
      files: [{ diagnostics: [{ rule: 'UnpinnedBase' }] }, { diagnostics: [{ rule: 'StageNameCasing' }] }],
    })
    const sarif = longshore(me, ['check', '--format', 'sarif', first, second])
    expect(JSON.parse(sarif.stdout).runs[0].results).toHaveLength(2)
    const github = longshore(me, ['check', '--format', 'github', first])
    expect(github.stdout).toMatch(
      /^::warning file=.*Dockerfile,line=1,col=6,endLine=1,endColumn=12,title=UnpinnedBase::/,
    )
  })

  test('loads no parser for a file that the store knows', () => {
    const folder = context(clean, { a: '' })
    expect(longshore(me, ['build', folder]).status).toBe(0)
    const hook = contextFor(me, 'hook', {
      'hook.cjs': `process.on('exit', () => process.stderr.write('LOADED ' + Object.keys(require.cache).join(' ')))`,
    })
    const node = join(checkout, 'node_modules/node/bin/node')
    const command = [node, '--require', join(hook, 'hook.cjs'), join(checkout, 'dist/longshore.cjs')]
    const result = runAs(me, [...command, '--root', join(me.home, 'store'), 'check', folder])
    expect(result.status, result.stderr).toBe(0)
    expect(result.stderr).toContain('longshore.cjs')
    expect(result.stderr).not.toMatch(/chevrotain|undici|koffi|tar-stream/)
  })

  test('--fix mends in place, keeps line ends, and says what it did', () => {
    const folder = context('\ufefffrom debian:12 as X\r\nrun true \\\r\n\r\n  && true\r\nENV A b\r\nMAINTAINER me\r\n')
    const result = longshore(me, ['check', '--fix', folder])
    expect(readFileSync(join(folder, 'Dockerfile'), 'utf8')).toBe(
      '\ufeffFROM debian:12 AS x\r\nRUN true \\\r\n  && true\r\nENV A=b\r\nMAINTAINER me\r\n',
    )
    expect(result.stderr).toMatch(/Dockerfile:1: fixed: write x \[stage-name-casing\]\n/)
    expect(result.stdout).toContain('[maintainer-deprecated]')
    expect(result.status).toBe(1)
    const again = longshore(me, ['check', '--fix', folder])
    expect(again.stderr).toBe('')
  })

  test('--fix leaves a file alone that is not UTF-8', () => {
    const folder = context('')
    const file = join(folder, 'Dockerfile')
    chmodSync(file, 0o666)
    const bytes = Buffer.from('FROM debian:12 AS X\n# caf\xe9\n', 'latin1')
    writeFileSync(file, bytes)
    const result = longshore(me, ['check', '--fix', folder])
    expect(result.status).toBe(125)
    expect(result.stderr).toContain('[output-failed]')
    expect(readFileSync(file).equals(bytes)).toBe(true)
  })

  test('annotates in GitHub Actions, as seen from the checkout', () => {
    const folder = context('FROM debian\n')
    const env = [`GITHUB_ACTIONS=true`, `GITHUB_WORKSPACE=${me.home}`]
    const result = runAs(me, ['env', ...env, join(checkout, 'bin/longshore'), 'check', folder])
    expect(result.stderr).toMatch(/^::warning file=(?!\/).*Dockerfile,line=1,/)
    expect(result.stdout).toContain('[unpinned-base]')
  })
})

describe('longshore build', () => {
  test('--check prints as BuildKit does', () => {
    const folder = context('# check=skip=UnpinnedBase\nFROM debian AS Base\n')
    const result = longshore(me, ['build', '--check', folder])
    expect(result.status).toBe(1)
    expect(result.stdout).toBe(`Check complete, 1 warning has been found!

WARNING: StageNameCasing - https://docs.docker.com/go/dockerfile/rule/stage-name-casing/
Stage name 'Base' should be lowercase
Dockerfile:2
--------------------
   1 |     # check=skip=UnpinnedBase
   2 | >>> FROM debian AS Base
   3 |     
--------------------
`)
    const good = longshore(me, ['build', '--call=check', context(clean)])
    expect(good).toMatchObject({ status: 0, stdout: 'Check complete, no warnings found.\n', stderr: '' })
    const json = longshore(me, ['build', '--call', 'check,format=json', folder])
    expect(JSON.parse(json.stdout).warnings).toHaveLength(1)
    expect(json.status).toBe(1)
  })

  test('--check names broken rules with error=true', () => {
    const result = longshore(me, ['build', '--check', context('# check=error=true\nFROM debian:12 AS Base\n')])
    expect(result.status).toBe(1)
    expect(result.stdout).toContain('WARNING: StageNameCasing')
    expect(result.stderr).toContain('error: lint violation found for rules: StageNameCasing [lint-violation]')
  })

  test('--call describes targets and what they take', () => {
    const folder = context('# app is the server\nFROM debian:12 AS app\n# PORT where it listens\nARG PORT=80\n')
    expect(longshore(me, ['build', '--call=targets', folder]).stdout).toBe(
      'TARGET          DESCRIPTION\napp (default)   is the server\n',
    )
    expect(longshore(me, ['build', '--call=outline', folder]).stdout).toBe(
      'TARGET:      app\nDESCRIPTION: is the server\n\nBUILD ARG   VALUE   DESCRIPTION\nPORT        80      where it listens\n\n',
    )
    const wrong = longshore(me, ['build', '--call=outlines', folder])
    expect(wrong.status).toBe(125)
    expect(wrong.stderr).toContain('--call cannot read "outlines"')
  })

  test('annotates warnings, errors and failed steps in GitHub Actions', () => {
    const build = (folder: string) =>
      runAs(me, [
        'env',
        'GITHUB_ACTIONS=true',
        join(checkout, 'bin/longshore'),
        '--root',
        join(me.home, 'store'),
        'build',
        folder,
      ])
    const warned = build(context('FROM scratch AS Base\nCOPY a /\n', { a: '' }))
    expect(warned.stderr).toMatch(/\n::warning file=.*Dockerfile,line=1,.*,title=StageNameCasing::/)
    expect(warned.stdout).toMatch(/^sha256:\w+\n$/)
    const wrong = build(context('FROM scratch\nCOPPY a b\n'))
    expect(wrong.stderr).toMatch(/\n::error file=.*Dockerfile,line=2,.*,title=unknown-instruction::/)
    const failed = build(context('FROM scratch\nRUN ["/nothing"]\n'))
    expect(failed.status).toBe(1)
    expect(failed.stderr).toMatch(/\n::error file=.*Dockerfile,line=2,.*,title=step-failed::/)
  })

  test('sums warnings up after the progress, and fails with error=true', () => {
    const dockerfile = 'FROM scratch AS Base\nCOPY a /\nEXPOSE 80/TCP\n'
    const warned = longshore(me, ['build', context(dockerfile, { a: '' })])
    expect(warned.status, warned.stderr).toBe(0)
    expect(warned.stderr).toMatch(
      /\n 2 warnings found \(use --check to expand\):\n - StageNameCasing: .* \(line 1\)\n - ExposeProtoCasing: .* \(line 3\)\n$/,
    )
    const failed = longshore(me, ['build', context(`# check=error=true\n${dockerfile}`, { a: '' })])
    expect(failed.status).toBe(125)
    expect(failed.stderr).toContain('lint violation found for rules: ExposeProtoCasing, StageNameCasing')
    const overridden = ['build', '--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=skip=all']
    const skipped = longshore(me, [...overridden, context(`# check=error=true\n${dockerfile}`, { a: '' })])
    expect(skipped.status).toBe(0)
    expect(skipped.stderr).not.toContain('warning')
  })
})
