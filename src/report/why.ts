import { sanitizeForTerminal } from '../base/index.ts'
import type { MissCause, TracedStep } from '../ports/index.ts'
import { causeText } from './cause.ts'

/** A step with the reasons why it runs or ran. */
export type ExplainedStep = Pick<TracedStep, 'label' | 'file' | 'startLine'> & {
  readonly verdict: string
  readonly causes: readonly MissCause[]
}

/** Causes shown of one step before the rest is only counted. */
const shownCauses = 10

/** Steps with their reasons as text: the step and its place, then a line a reason. */
export function renderExplained(steps: readonly ExplainedStep[]): string {
  return steps.map(renderStep).join('\n')
}

function renderStep({ label, file, startLine, verdict, causes }: ExplainedStep): string {
  const shown = causes.slice(0, shownCauses).map((cause) => `      ${causeText(cause)}\n`)
  const rest = causes.length - shown.length
  const more = rest > 0 ? `      and ${rest}${causes.length >= 100 ? ' or more' : ''} others\n` : ''
  return `${verdict.padEnd(5)} ${sanitizeForTerminal(label)}\n      ${sanitizeForTerminal(file)}:${startLine}\n${shown.join('')}${more}`
}
