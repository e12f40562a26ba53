import type { LintInput } from './lint-input.ts'
import type { Problems } from './problems.ts'

/** NoEmptyContinuation: blank lines inside a continued instruction; one warning for each instruction. */
export function lintContinuations({ source, lines }: LintInput, problems: Problems): void {
  for (const { emptyContinuations } of lines) {
    const [first] = emptyContinuations
    if (first === undefined) continue
    const edits = emptyContinuations.map(({ start, end }) => ({
      span: { start, end: source.lineStarts.find((lineStart) => lineStart > end) ?? end },
      text: '',
    }))
    problems.warning('no-empty-continuation', 'Empty continuation line', first, {
      hint: 'remove the blank line, or put a # on it',
      fix: { title: 'remove the blank lines', edits },
    })
  }
}
