import { lineText, type SourceFile, sanitizeForTerminal } from '../base/index.ts'

const rule = '-'.repeat(20)

/**
 * A piece of a source file around lines `startLine` to `endLine` (one-based), those marked with `>>>`, byte for byte as
 * BuildKit prints it: two lines of context either side of a single line, one of several. What follows the last line end
 * counts as a line.
 */
export function renderExcerpt(source: SourceFile, startLine: number, endLine: number): string {
  const { from, to } = contextRange(source.lineStarts.length, startLine, endLine)
  const lines = [`${source.name}:${startLine}`, rule]
  for (let line = from; line <= to; line++) {
    const mark = line >= startLine && line <= endLine ? '>>>' : '   '
    lines.push(` ${String(line).padStart(3)} | ${mark} ${sanitizeForTerminal(lineText(source, line))}`)
  }
  lines.push(rule)
  return lines.join('\n')
}

/** BuildKit's loop: every round costs one, and one more for each end that it moves. */
function contextRange(lineCount: number, startLine: number, endLine: number): { from: number; to: number } {
  let from = startLine
  let to = Math.min(endLine, lineCount)
  const budget = startLine === endLine ? 4 : 2
  for (let spent = 0; spent < budget; spent++) {
    if (from > 1) {
      from--
      spent++
    }
    if (to < lineCount) {
      to++
      spent++
    }
  }
  return { from, to }
}
