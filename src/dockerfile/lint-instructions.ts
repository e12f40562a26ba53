import { lintBases } from './lint-bases.ts'
import { lintCasing } from './lint-casing.ts'
import { lintContinuations } from './lint-continuations.ts'
import { lintCopyOrder } from './lint-copy-order.ts'
import { lintDescriptions } from './lint-descriptions.ts'
import type { LintInput } from './lint-input.ts'
import { lintOldForms } from './lint-old-forms.ts'
import { lintRunCommands } from './lint-run-commands.ts'
import { lintSecrets } from './lint-secrets.ts'
import { lintStages } from './lint-stages.ts'
import { lintUnusedStages } from './lint-unused-stages.ts'
import type { Problems } from './problems.ts'

/** Runs every rule of the table in grammar/ that needs nothing but the text, wanted or not. */
export function lintInstructions(input: LintInput, problems: Problems): void {
  const { instructions } = input
  lintContinuations(input, problems)
  lintDescriptions(input, problems)
  lintUnusedStages(input, problems)
  for (const lint of [lintCasing, lintStages, lintOldForms, lintSecrets, lintBases, lintRunCommands, lintCopyOrder]) {
    lint(instructions, problems)
  }
}
