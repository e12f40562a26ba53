import { lintRule, lintRuleUrl } from '../../grammar/index.ts'
import { type Diagnostic, positionAt, type SourceFile, type Span } from '../base/index.ts'

/** A file that was checked, and what there is to say about it. */
export interface CheckedFile {
  readonly source: SourceFile
  readonly diagnostics: readonly Diagnostic[]
}

/** The version of what `diagnosticsJson` gives; it grows when a field changes its meaning or goes. */
export const diagnosticsJsonVersion = 1

/** The JSON of `longshore check --format json`, described in docs/check.md. Lines and columns count from one. */
export function diagnosticsJson(files: readonly CheckedFile[]): object {
  return {
    version: diagnosticsJsonVersion,
    files: files.map(({ source, diagnostics }) => ({
      file: source.name,
      diagnostics: diagnostics.map((diagnostic) => diagnosticJson(diagnostic, source)),
    })),
  }
}

function diagnosticJson({ code, severity, message, span, hint, related, fix }: Diagnostic, source: SourceFile): object {
  const rule = lintRule(code)
  const url = rule && lintRuleUrl(rule)
  return {
    code,
    ...(rule === undefined ? {} : { rule: rule.name }),
    severity,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(url === undefined ? {} : { url }),
    ...placeJson(span, source),
    ...(related === undefined
      ? {}
      : {
          related: related.map((place) => ({
            file: place.file,
            message: place.message,
            ...(place.file === source.name ? placeJson(place.span, source) : {}),
          })),
        }),
    ...(fix === undefined
      ? {}
      : {
          fix: {
            title: fix.title,
            changesImage: rule?.fixChangesImage === true || rule === undefined,
            edits: fix.edits.map((edit) => ({ ...placeJson(edit.span, source), text: edit.text })),
          },
        }),
  }
}

function placeJson(span: Span, source: SourceFile): object {
  const start = positionAt(source, span.start)
  const end = positionAt(source, span.end)
  return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column }
}
