import type { Outcome } from './builders.ts'

/** Who refuses what the other builds; undefined when both build it, each in its own way. */
export type Refusing = 'buildkit' | 'longshore' | undefined

export type Comparison =
  | { readonly kind: 'same' | 'refused' }
  | { readonly kind: 'differs'; readonly refusing: Refusing; readonly lines: readonly string[] }

/** Compares what two builders made of the same case; the words in which both refuse it do not count. */
export function compare(theirs: Outcome, ours: Outcome): Comparison {
  if (theirs.kind === 'failed' && ours.kind === 'failed') return { kind: 'refused' }
  if (theirs.kind === 'failed') {
    return { kind: 'differs', refusing: 'buildkit', lines: [`only BuildKit refuses: ${theirs.output}`, shown(ours)] }
  }
  if (ours.kind === 'failed') {
    return { kind: 'differs', refusing: 'longshore', lines: [`only Longshore refuses: ${ours.output}`, shown(theirs)] }
  }
  const keys = [...new Set([...Object.keys(theirs.values), ...Object.keys(ours.values)])].sort()
  const lines = keys
    .filter((key) => theirs.values[key] !== ours.values[key])
    .map((key) => `${key}: BuildKit ${theirs.values[key] ?? 'nothing'}, Longshore ${ours.values[key] ?? 'nothing'}`)
  return lines.length === 0 ? { kind: 'same' } : { kind: 'differs', refusing: undefined, lines }
}

function shown(outcome: Outcome): string {
  return outcome.kind === 'built' ? JSON.stringify(outcome.values).slice(0, 2000) : outcome.output
}
