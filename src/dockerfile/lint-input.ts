import type { SourceFile } from '../base/index.ts'
import type { Directive, Instruction } from './ast.ts'
import type { LogicalLine } from './scan-lines.ts'

/** What the rules look at: the text, and what was read out of it. */
export interface LintInput {
  readonly source: SourceFile
  readonly lines: readonly LogicalLine[]
  readonly directives: readonly Directive[]
  readonly instructions: readonly Instruction[]
}
