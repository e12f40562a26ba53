import { lintRule, lintRuleUrl } from '../../grammar/index.ts'
import { type Diagnostic, positionAt, type SourceFile } from '../base/index.ts'
import type { Instruction } from '../dockerfile/index.ts'

/** A broken rule as BuildKit reports it: by its name, at the lines of the whole instruction. */
export interface LintFinding {
  readonly ruleName: string
  readonly description: string
  /** Absent for a rule without a page on the web. */
  readonly url?: string
  readonly detail: string
  readonly lines: LineRange
}

/** One-based first and last line. */
export interface LineRange {
  readonly start: number
  readonly end: number
}

/** The broken rules among diagnostics, by line. */
export function lintFindings(
  diagnostics: readonly Diagnostic[],
  instructions: readonly Instruction[],
  source: SourceFile,
): readonly LintFinding[] {
  return diagnostics
    .flatMap((diagnostic): LintFinding[] => {
      const rule = lintRule(diagnostic.code)
      if (rule === undefined) return []
      const url = lintRuleUrl(rule)
      return [
        {
          ruleName: rule.name,
          description: rule.description,
          ...(url === undefined ? {} : { url }),
          detail: diagnostic.message,
          lines: instructionLines(diagnostic, instructions, source),
        },
      ]
    })
    .sort((a, b) => a.lines.start - b.lines.start)
}

/**
 * The lines BuildKit gives for a diagnostic: those of the instruction it is in; the last of them for a blank line in a
 * continuation, and its own where there is no instruction.
 */
export function instructionLines(
  { code, span }: Diagnostic,
  instructions: readonly Instruction[],
  source: SourceFile,
): LineRange {
  const around = instructions.find(({ span: { start, end } }) => span.start >= start && span.start <= end)
  const { start, end } = around?.span ?? span
  const lines = { start: positionAt(source, start).line, end: positionAt(source, Math.max(start, end - 1)).line }
  return code === 'no-empty-continuation' ? { start: lines.end, end: lines.end } : lines
}
