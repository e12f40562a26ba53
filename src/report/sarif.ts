import { lintRule, lintRules, lintRuleUrl } from '../../grammar/index.ts'
import { compareCodeUnits, type Diagnostic, positionAt, type SourceFile, type Span } from '../base/index.ts'
import type { CheckedFile } from './diagnostics-json.ts'

/** Checked files as a SARIF 2.1.0 log, for code scanning. `uriOf` turns a file's name into a relative URI. */
export function sarifLog(files: readonly CheckedFile[], version: string, uriOf: (file: string) => string): object {
  const codes = new Set(files.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)))
  const driver = {
    name: 'longshore',
    version,
    rules: [...codes].sort(compareCodeUnits).map(ruleJson),
  }
  const results = files.flatMap(({ source, diagnostics }) =>
    diagnostics.map((diagnostic) => resultJson(diagnostic, source, uriOf(source.name))),
  )
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
  }
}

function ruleJson(code: string): object {
  const rule = lintRules.find((candidate) => candidate.code === code)
  const url = rule && lintRuleUrl(rule)
  return {
    id: code,
    ...(rule === undefined ? {} : { name: rule.name, shortDescription: { text: rule.description } }),
    ...(url === undefined ? {} : { helpUri: url }),
  }
}

function resultJson({ code, severity, message, hint, span, fix }: Diagnostic, source: SourceFile, uri: string): object {
  const text = hint === undefined ? message : `${message}. ${hint}`
  const artifactLocation = { uri }
  return {
    ruleId: code,
    level: severity,
    message: { text },
    locations: [{ physicalLocation: { artifactLocation, region: regionOf(span, source) } }],
    ...(fix === undefined || lintRule(code) === undefined
      ? {}
      : {
          fixes: [
            {
              description: { text: fix.title },
              artifactChanges: [
                {
                  artifactLocation,
                  replacements: fix.edits.map((edit) => ({
                    deletedRegion: regionOf(edit.span, source),
                    insertedContent: { text: edit.text },
                  })),
                },
              ],
            },
          ],
        }),
  }
}

function regionOf(span: Span, source: SourceFile): object {
  const start = positionAt(source, span.start)
  const end = positionAt(source, span.end)
  return { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column }
}
