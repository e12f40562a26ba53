import { describe, expect, it } from 'vitest'
import { type Diagnostic, sourceFile } from '../../src/base/index.ts'
import { chooseDiagnostics, type LintChoice } from '../../src/dockerfile/index.ts'
import { parseLintSettings } from '../../src/dockerfile/lint-settings.ts'
import { parseText } from './parse-text.ts'

describe('parseLintSettings', () => {
  it.each<[string, readonly string[], readonly string[], boolean]>([
    ['', [], [], false],
    ['skip=StageNameCasing, UndefinedVar', ['stagenamecasing', 'undefinedvar'], [], false],
    [' skip = all ; error = TRUE ', ['all'], [], true],
    ['error=1;experimental=InvalidDefinitionDescription', [], ['invaliddefinitiondescription'], true],
    ['error=false', [], [], false],
  ])('reads %j', (text, skip, experimental, asErrors) => {
    const settings = parseLintSettings(text)
    if ('invalid' in settings) throw new Error(settings.invalid)
    expect([...settings.skip]).toEqual(skip)
    expect([...settings.experimental]).toEqual(experimental)
    expect(settings.asErrors).toBe(asErrors)
  })

  it.each(['skip', 'error=maybe', 'skip=a;warn=b', 'skip=a;;error=true', '=x'])('refuses %j', (text) => {
    expect(parseLintSettings(text)).toHaveProperty('invalid')
  })

  it('takes no longer for a long value', () => {
    const started = performance.now()
    parseLintSettings(`skip=a${' '.repeat(60_000)}b`)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('chooseDiagnostics', () => {
  const text = 'FROM a\n# check=skip=LegacyKeyValueFormat\nENV a b\nENV c d\n'
  const source = sourceFile('Dockerfile', text)
  const parsed = parseText(text)
  const at = (code: string, start: number, severity: Diagnostic['severity'] = 'warning'): Diagnostic => ({
    code,
    severity,
    message: code,
    file: 'Dockerfile',
    span: { start, end: start + 1 },
  })
  const first = text.indexOf('ENV a')
  const second = text.indexOf('ENV c')
  const codes = (diagnostics: readonly Diagnostic[], choice: LintChoice) =>
    chooseDiagnostics(parsed, source, diagnostics, choice).map(({ code, span }) => `${code}@${span.start}`)

  it('sorts by place, and skips above an instruction for that one alone', () => {
    const all = [
      at('legacy-key-value-format', second),
      at('legacy-key-value-format', first),
      at('undefined-var', first),
    ]
    expect(codes(all, { level: 'build' })).toEqual([`undefined-var@${first}`, `legacy-key-value-format@${second}`])
  })

  it('keeps what only checks say out of builds', () => {
    const all = [at('unpinned-base', 0), at('invalid-definition-description', 0)]
    expect(codes(all, { level: 'build' })).toEqual([])
    expect(codes(all, { level: 'check' })).toEqual(['unpinned-base@0'])
    expect(codes(all, { level: 'check', override: 'experimental=all;skip=all' })).toEqual([
      'invalid-definition-description@0',
    ])
  })

  it('never skips errors and warnings that are no rules, and does not blame rules beside errors', () => {
    const all = [at('unknown-instruction', 0, 'error'), at('git-ignored-files', 0), at('stage-name-casing', 0)]
    expect(codes(all, { level: 'build', override: 'skip=all' })).toEqual([
      'unknown-instruction@0',
      'git-ignored-files@0',
    ])
    expect(codes(all, { level: 'build', override: 'error=true' })).not.toContain('lint-violation@0')
    expect(codes(all.slice(1), { level: 'build', override: 'error=true' })).toContain('lint-violation@0')
    expect(codes(all.slice(1, 2), { level: 'build', override: 'error=true' })).toEqual(['git-ignored-files@0'])
  })
})
