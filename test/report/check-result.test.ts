import { describe, expect, it } from 'vitest'
import { sourceFile } from '../../src/base/index.ts'
import { checkResultJson, lintFindings, renderCheckResult, renderWarningSummary } from '../../src/report/index.ts'
import { parseText } from '../dockerfile/parse-text.ts'

const text = 'FROM alpine:3 AS Base\nRUN true && \\\n\n  false\nMAINTAINER <me> & you\n'
const source = sourceFile('Dockerfile', text)
const { diagnostics, instructions } = parseText(text)
const findings = lintFindings(diagnostics, instructions, source)

describe('the result of a check', () => {
  it('reads as BuildKit prints it', () => {
    expect(renderCheckResult(findings, source, false)).toBe(`Check complete, 3 warnings have been found!

WARNING: StageNameCasing - https://docs.docker.com/go/dockerfile/rule/stage-name-casing/
Stage name 'Base' should be lowercase
Dockerfile:1
--------------------
   1 | >>> FROM alpine:3 AS Base
   2 |     RUN true && \\
   3 |     
--------------------

WARNING: NoEmptyContinuation - https://docs.docker.com/go/dockerfile/rule/no-empty-continuation/
Empty continuation line
Dockerfile:4
--------------------
   2 |     RUN true && \\
   3 |     
   4 | >>>   false
   5 |     MAINTAINER <me> & you
   6 |     
--------------------

WARNING: MaintainerDeprecated - https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/
Maintainer instruction is deprecated in favor of using label
Dockerfile:5
--------------------
   3 |     
   4 |       false
   5 | >>> MAINTAINER <me> & you
   6 |     
--------------------
`)
  })

  it('counts one and none', () => {
    expect(renderCheckResult(findings.slice(0, 1), source, false)).toMatch(
      /^Check complete, 1 warning has been found!\n\n/,
    )
    expect(renderCheckResult([], source, false)).toBe('Check complete, no warnings found.\n')
    expect(renderCheckResult([], source, true)).toBe('')
  })

  it('leaves out the page of a rule that has none', () => {
    const own = lintFindings(
      parseText('FROM a:1\nRUN x ghp_0123456789abcdefghijklmnopqrstuvwxyz').diagnostics,
      [],
      source,
    )
    expect(renderCheckResult(own, source, false)).toContain('\nWARNING: SecretValue\n')
  })

  it('has the keys of BuildKit in JSON', () => {
    const [error] = parseText('FROM').diagnostics
    const json = checkResultJson(findings.slice(0, 1), error, instructions, source)
    expect(json.endsWith('}\n')).toBe(true)
    expect(JSON.parse(json)).toEqual({
      warnings: [
        {
          ruleName: 'StageNameCasing',
          description: 'Stage names should be lowercase',
          url: 'https://docs.docker.com/go/dockerfile/rule/stage-name-casing/',
          detail: "Stage name 'Base' should be lowercase",
          location: { ranges: [{ start: { line: 1 }, end: { line: 1 } }] },
        },
      ],
      sources: [{ filename: 'Dockerfile', data: Buffer.from(text).toString('base64'), language: 'Dockerfile' }],
      buildError: {
        message: 'FROM requires either one or three arguments',
        location: { ranges: [{ start: { line: 1 }, end: { line: 1 } }] },
      },
    })
    expect(json.slice(0, 80)).toBe(
      '{\n  "warnings": [\n    {\n      "ruleName": "StageNameCasing",\n      "description": "Stage name'.slice(0, 80),
    )
  })

  it('escapes in JSON what Go escapes', () => {
    const [finding] = findings
    const json = finding && checkResultJson([{ ...finding, detail: '<a> & b' }], undefined, [], source)
    expect(json).toContain('"detail": "\\u003ca\\u003e \\u0026 b"')
    expect(json).not.toContain('buildError')
  })

  it('is one line a warning at the end of a build', () => {
    expect(renderWarningSummary(findings)).toBe(
      '\n 3 warnings found (use --check to expand):\n' +
        " - StageNameCasing: Stage name 'Base' should be lowercase (line 1)\n" +
        ' - NoEmptyContinuation: Empty continuation line (line 4)\n' +
        ' - MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 5)\n',
    )
    expect(renderWarningSummary(findings.slice(0, 1))).toContain('\n 1 warning found (')
    expect(renderWarningSummary([])).toBe('')
  })
})
