import { expect, it } from 'vitest'
import { sourceFile } from '../../src/base/index.ts'
import { diagnosticsJson, sarifLog } from '../../src/report/index.ts'
import { parseText } from '../dockerfile/parse-text.ts'

const text = 'FROM alpine:3 AS Base\nFORM x\nMAINTAINER me\nCMD ["a"]\nCMD ["b"]\n'
const files = [{ source: sourceFile('app/Dockerfile', text), diagnostics: parseText(text).diagnostics }]

it('JSON has places, rules and fixes', () => {
  const json = JSON.parse(JSON.stringify(diagnosticsJson(files)))
  expect(json).toMatchObject({ version: 1, files: [{ file: 'app/Dockerfile' }] })
  const [casing, unknown, maintainer] = json.files[0].diagnostics
  expect(casing).toEqual({
    code: 'stage-name-casing',
    rule: 'StageNameCasing',
    severity: 'warning',
    message: "Stage name 'Base' should be lowercase",
    hint: 'write base; references find it in any case',
    url: 'https://docs.docker.com/go/dockerfile/rule/stage-name-casing/',
    line: 1,
    column: 18,
    endLine: 1,
    endColumn: 22,
    fix: {
      title: 'write base',
      changesImage: false,
      edits: [{ line: 1, column: 18, endLine: 1, endColumn: 22, text: 'base' }],
    },
  })
  expect(unknown).toMatchObject({
    code: 'unknown-instruction',
    severity: 'error',
    line: 2,
    fix: { changesImage: true },
  })
  expect(unknown).not.toHaveProperty('rule')
  expect(maintainer).toMatchObject({ rule: 'MaintainerDeprecated', fix: { changesImage: true } })
})

it('SARIF has a rule for every result, and regions in the file', () => {
  const log = JSON.parse(JSON.stringify(sarifLog(files, '1.2.3', (name) => name)))
  expect(log.version).toBe('2.1.0')
  const [run] = log.runs
  expect(run.tool.driver).toMatchObject({ name: 'longshore', version: '1.2.3' })
  const ids: string[] = run.tool.driver.rules.map((rule: { id: string }) => rule.id)
  expect(run.results.map((result: { ruleId: string }) => result.ruleId).every((id: string) => ids.includes(id))).toBe(
    true,
  )
  expect(run.results[0]).toMatchObject({
    ruleId: 'stage-name-casing',
    level: 'warning',
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'app/Dockerfile' },
          region: { startLine: 1, startColumn: 18, endLine: 1, endColumn: 22 },
        },
      },
    ],
    fixes: [{ artifactChanges: [{ replacements: [{ insertedContent: { text: 'base' } }] }] }],
  })
  expect(run.results[1]).not.toHaveProperty('fixes')
})
