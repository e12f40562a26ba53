/**
 * What people and machines read: events, diagnostics, plans and tables as text. In: plain data. Out: strings.
 * Pure: writes nothing anywhere, asks nothing of the terminal; what it needs to know comes in as arguments.
 */
export { formatAge, formatSince, formatTime } from './age.ts'
export { renderDiagnostic } from './diagnostic.ts'
export { renderExcerpt } from './excerpt.ts'
export { compileTemplate, type TemplateValue } from './go-template.ts'
export { type Column, type ListingRow, renderListing } from './listing.ts'
export { cleanOutput, formatBytes, formatSeconds, plainReporter, type Reporter } from './plain.ts'
export { type PlanEntry, planEntries, renderPlan } from './plan.ts'
export { renderTable } from './table.ts'
