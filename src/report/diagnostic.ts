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

/** The source line with carets under the part of the span that is on it, whatever width its characters have. */
function caretLines(source: SourceFile, start: number, end: number): string[] {
  const { line, column } = positionAt(source, start)
  const text = lineText(source, line)
  if (text.trim() === '') return []
  const marked = text.slice(column - 1, column - 1 + Math.max(0, end - start))
  const padding = blankOut(text.slice(0, column - 1))
  const carets = '^'.repeat(Math.max(1, blankOut(marked).length))
  const gutter = String(line).padStart(4)
  return [`${gutter} | ${sanitizeForTerminal(text)}`, `${' '.repeat(gutter.length)} | ${padding}${carets}`]
}

/** Characters that terminals draw over the one before, and those they draw two columns wide. */
const narrow = /[\p{M}\u200b-\u200d\ufe0f]/u
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

/** Blanks as wide as a text is shown; tabs stay, since their width depends on where they stand. */
function blankOut(text: string): string {
  const blanks = Array.from(sanitizeForTerminal(text), (char) => {
    if (char === '\t') return char
    if (narrow.test(char)) return ''
    return wide.test(char) ? '  ' : ' '
  })
  return blanks.join('')
}
