/**
 * What people and machines read: events, diagnostics, plans and tables as text. In: plain data. Out: strings.
 * Pure: writes nothing anywhere, asks nothing of the terminal; what it needs to know comes in as arguments.
 */
export { formatAge, formatSince, formatTime } from './age.ts'
export { causeText } from './cause.ts'
export { checkResultJson, renderCheckResult, renderWarningSummary } from './check-result.ts'
export { containerStatus, type ShownState } from './container-status.ts'
export { renderDiagnostic } from './diagnostic.ts'
export { type CheckedFile, diagnosticsJson } from './diagnostics-json.ts'
export { eventFields, eventJson, eventLine, eventTemplateFields, type ShownEvent } from './event-line.ts'
export { renderExcerpt } from './excerpt.ts'
export { githubAnnotation } from './github-annotation.ts'
export { githubError, githubOutput } from './github-output.ts'
export { gitlabReporter } from './gitlab-sections.ts'
export { compileTemplate, type TemplateValue } from './go-template.ts'
export {
  changeLines,
  renderImageDifference,
  renderImageTree,
  type ShownImageTree,
  type ShownPathChange,
  terminalSafeJson,
  wasteText,
} from './image-tree.ts'
export { type LintFinding, lintFindings } from './lint-findings.ts'
export { type Column, type ListingRow, renderListing } from './listing.ts'
export { outlineJson, renderOutline, renderTargets, targetsJson } from './outline.ts'
export { cleanOutput, formatBytes, formatSeconds, plainReporter, type Reporter } from './plain.ts'
export { type PlanEntry, type PlannedMiss, planEntries, renderPlan } from './plan.ts'
export { sarifLog } from './sarif.ts'
export { renderStepSummary, type SummarizedBuild, type SummarizedStep } from './step-summary.ts'
export { renderTable } from './table.ts'
export { type ProgressScreen, type TerminalReporter, terminalReporter } from './terminal.ts'
export { type UsageSample, usageRow } from './usage-row.ts'
export { type ExplainedStep, renderExplained } from './why.ts'
