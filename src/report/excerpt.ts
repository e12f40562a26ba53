import { lineText, type SourceFile } from '../base/index.ts'

const rule = '-'.repeat(20)

/**
 * A piece of a source file around lines `startLine` to `endLine` (one-based), those marked with `>>>`, in BuildKit's
 * layout: two lines of context either side, up to four when a single line is marked.
 */
export function renderExcerpt(source: SourceFile, startLine: number, endLine: number): string {
  const context = startLine === endLine ? 4 : 2
  const last = source.text.endsWith('\n') ? source.lineStarts.length - 1 : source.lineStarts.length
  const from = Math.max(1, startLine - context)
  const to = Math.min(last, endLine + context)
  const lines = [`${source.name}:${startLine}`, rule]
  for (let line = from; line <= to; line++) {
    const mark = line >= startLine && line <= endLine ? '>>>' : '   '
    lines.push(`${String(line).padStart(4)} | ${mark} ${lineText(source, line)}`.trimEnd())
  }
  lines.push(rule)
  return lines.join('\n')
}
