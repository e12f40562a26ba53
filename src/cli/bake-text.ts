import { type Diagnostic, type SourceFile, sanitizeForTerminal, type ToolError } from '../base/index.ts'
import type { BuildError, StepFailure } from '../build/index.ts'
import { renderDiagnostic, renderExcerpt } from '../report/index.ts'
import { errorText } from './print-error.ts'

/** Diagnostics with the lines of the files that they are about. */
export function diagnosticsIn(diagnostics: readonly Diagnostic[], sources: readonly SourceFile[]): string {
  return diagnostics.map((one) => `${renderDiagnostic(one, sourceNamed(one.file, sources))}\n`).join('')
}

/** The failing step in BuildKit's manner: its output, the place in its Dockerfile, then what went wrong. */
export function failureTextIn(
  { step, error, diagnostics, outputTail }: StepFailure,
  sources: readonly SourceFile[],
): string {
  if (diagnostics !== undefined) return diagnosticsIn(diagnostics, sources)
  const { file, startLine, endLine } = step.operation.origin
  const source = sourceNamed(file, sources)
  const output = outputTail === '' ? '' : `------\n > ${sanitizeForTerminal(step.label)}:\n${outputTail}\n------\n`
  return `${output}${source === undefined ? '' : `${renderExcerpt(source, startLine, endLine)}\n`}${errorText(error)}`
}

function sourceNamed(name: string, sources: readonly SourceFile[]): SourceFile | undefined {
  return sources.find((source) => source.name === name)
}

/** An error for machines. */
export function buildErrorText({ code, message, hint, details }: ToolError): BuildError {
  return { code, message, details, ...(hint === undefined ? {} : { hint }) }
}
