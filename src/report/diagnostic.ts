import { type Diagnostic, lineText, positionAt, type SourceFile, sanitizeForTerminal } from '../base/index.ts'

/**
 * A diagnostic as text: `file:line:column: severity: message [code]`, the line with a caret under the span, and the
 * hint. `source` is the file of the diagnostic, or undefined when its text is not at hand.
 */
export function renderDiagnostic(diagnostic: Diagnostic, source: SourceFile | undefined): string {
  const { severity, message, code, hint, related } = diagnostic
  const head = `${severity}: ${sanitizeForTerminal(message)} [${code}]`
  const lines: string[] = []
  if (source === undefined) {
    lines.push(`${diagnostic.file}: ${head}`)
  } else {
    const start = positionAt(source, diagnostic.span.start)
    lines.push(`${source.name}:${start.line}:${start.column}: ${head}`)
    lines.push(...caretLines(source, diagnostic.span.start, diagnostic.span.end))
  }
  for (const place of related ?? []) {
    const at = source !== undefined && place.file === source.name ? positionAt(source, place.span.start) : undefined
    lines.push(
      `  ${at === undefined ? place.file : `${place.file}:${at.line}:${at.column}`}: ${sanitizeForTerminal(place.message)}`,
    )
  }
  if (hint !== undefined) lines.push(`  hint: ${sanitizeForTerminal(hint)}`)
  return lines.join('\n')
}

/** The source line with a caret under the part of the span that is on it. Tabs keep their width. */
function caretLines(source: SourceFile, start: number, end: number): string[] {
  const { line, column } = positionAt(source, start)
  const text = lineText(source, line)
  if (text.trim() === '') return []
  const width = Math.max(1, Math.min(end - start, text.length - column + 1))
  const padding = text.slice(0, column - 1).replace(/[^\t]/g, ' ')
  const gutter = String(line).padStart(4)
  return [`${gutter} | ${sanitizeForTerminal(text)}`, `${' '.repeat(gutter.length)} | ${padding}${'^'.repeat(width)}`]
}
