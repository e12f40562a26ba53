import { lintRule } from '../../grammar/index.ts'
import { type Diagnostic, positionAt, type SourceFile } from '../base/index.ts'

/**
 * A diagnostic as a workflow command of GitHub Actions, `::warning file=…,line=…::message`, with its line end. `file`
 * is the path as seen from the root of the repository. Line ends and `%` are escaped, so nothing can add a command.
 */
export function githubAnnotation(diagnostic: Diagnostic, source: SourceFile | undefined, file: string): string {
  const { code, severity, span, message, hint } = diagnostic
  const properties: [string, string | number][] = [['file', file]]
  if (source !== undefined) {
    const start = positionAt(source, span.start)
    const end = positionAt(source, Math.max(span.start, span.end - 1))
    properties.push(['line', start.line], ['col', start.column], ['endLine', end.line])
    // GitHub takes a last column only together with a single line.
    if (end.line === start.line) properties.push(['endColumn', end.column + 1])
  }
  properties.push(['title', lintRule(code)?.name ?? code])
  const text = hint === undefined ? message : `${message}\n${hint}`
  const list = properties.map(([name, value]) => `${name}=${escapeProperty(String(value))}`).join(',')
  return `::${severity} ${list}::${escapeData(text)}\n`
}

/** A message without what ends a workflow command. */
export function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** As `escapeData`, for the properties in front of the message. */
export function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
