/**
 * Dockerfile text in, typed AST and diagnostics out. What is exported here loads no parser, so that a build with a
 * cached AST never does: `parse-dockerfile.ts` is imported by name, and only when a file is really parsed.
 * Nothing in this room expands a variable, reads a file or knows an image.
 */
export { grammarVersion } from '../../grammar/index.ts'
export type * from './ast.ts'
export { allCommentsAbove, describedBy } from './comments-above.ts'
export { parseDuration } from './go-duration.ts'
export { heredocContent } from './heredocs.ts'
export { chooseDiagnostics, type LintChoice } from './lint-settings.ts'
export { type MendedSource, mendSource } from './mend-source.ts'
export { type ProblemExtras, Problems } from './problems.ts'
export { mountOption, stageReferences } from './stage-references.ts'
