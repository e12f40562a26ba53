import { sanitizeLine, ToolError } from '../base/index.ts'
import type { AffectedOutcome, AffectedTarget } from '../engine/affected.ts'

/** Throws `ToolError` `usage` for a format that `--dry-run` does not have. */
export function checkFormat(format: string | undefined): void {
  if (format === undefined || format === 'json' || format === 'text') return
  throw new ToolError('usage', `--format ${format}: --dry-run knows text and json`, { hint: 'write --format json' })
}

/** For programs: `matrix` is what GitHub's `strategy.matrix` takes. */
export function affectedJson(ref: string, { commit, targets }: Extract<AffectedOutcome, { kind: 'compared' }>): string {
  const asked = targets.filter(({ isLinked }) => !isLinked)
  const names = asked.filter(({ isAffected }) => isAffected).map(({ name }) => name)
  const document = {
    ref,
    commit,
    affected: names,
    unaffected: asked.filter(({ isAffected }) => !isAffected).map(({ name }) => name),
    matrix: { include: names.map((target) => ({ target })) },
    targets: Object.fromEntries(
      targets.map(({ name, isAffected, isLinked, reasons, steps }) => [
        name,
        { affected: isAffected, ...(isLinked ? { linked: true } : {}), reasons, steps },
      ]),
    ),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** A line for each target and each reason. */
export function affectedText(targets: readonly AffectedTarget[]): string {
  return targets
    .flatMap(({ name, isAffected, reasons }) => [
      `${name}: ${isAffected ? 'affected' : 'not affected'}`,
      ...reasons.map(({ message }) => `  ${sanitizeLine(message)}`),
    ])
    .map((line) => `${line}\n`)
    .join('')
}
