import { type Diagnostic, type SourceFile, sanitizeForTerminal } from '../base/index.ts'
import type { Instruction } from '../dockerfile/index.ts'
import { goJson, locationJson } from './buildkit-json.ts'
import { renderExcerpt } from './excerpt.ts'
import { instructionLines, type LintFinding } from './lint-findings.ts'

/** What `build --check` prints, in BuildKit's words. Errors are printed apart; without any, no warnings is good news. */
export function renderCheckResult(findings: readonly LintFinding[], source: SourceFile, hasErrors: boolean): string {
  if (findings.length === 0) return hasErrors ? '' : 'Check complete, no warnings found.\n'
  const count = findings.length === 1 ? '1 warning has been found!' : `${findings.length} warnings have been found!`
  const blocks = findings.map(({ ruleName, url, detail, lines }) => {
    const head = `WARNING: ${ruleName}${url === undefined ? '' : ` - ${url}`}`
    return `\n${head}\n${sanitizeForTerminal(detail)}\n${renderExcerpt(source, lines.start, lines.end)}\n`
  })
  return `Check complete, ${count}\n${blocks.join('')}`
}

/** The same as BuildKit's JSON: `warnings`, `sources` (data in base64) and the first error as `buildError`. */
export function checkResultJson(
  findings: readonly LintFinding[],
  error: Diagnostic | undefined,
  instructions: readonly Instruction[],
  source: SourceFile,
): string {
  return goJson({
    warnings: findings.map(({ lines, ...finding }) => ({ ...finding, location: locationJson(lines) })),
    sources: [{ filename: source.name, data: Buffer.from(source.text).toString('base64'), language: 'Dockerfile' }],
    ...(error === undefined
      ? {}
      : {
          buildError: {
            message: error.message,
            location: locationJson(instructionLines(error, instructions, source)),
          },
        }),
  })
}

/** The lines that end a build with warnings: what was found and where, in BuildKit's words. */
export function renderWarningSummary(findings: readonly LintFinding[]): string {
  if (findings.length === 0) return ''
  const count = findings.length === 1 ? '1 warning found' : `${findings.length} warnings found`
  const lines = findings.map(
    ({ ruleName, detail, lines: { start } }) => ` - ${ruleName}: ${sanitizeForTerminal(detail)} (line ${start})\n`,
  )
  return `\n ${count} (use --check to expand):\n${lines.join('')}`
}
