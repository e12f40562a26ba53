/**
 * What people and machines read: events, diagnostics, plans and tables as text. In: plain data. Out: strings.
 * Pure: writes nothing anywhere, asks nothing of the terminal; what it needs to know comes in as arguments.
 */
export { formatAge } from './age.ts'
export { causeText } from './cause.ts'
export { renderDiagnostic } from './diagnostic.ts'
export { renderExcerpt } from './excerpt.ts'
export { cleanOutput, formatBytes, formatSeconds, plainReporter, type Reporter } from './plain.ts'
export { type PlanEntry, type PlannedMiss, planEntries, renderPlan } from './plan.ts'
export { renderTable } from './table.ts'
export { type ExplainedStep, renderExplained } from './why.ts'
