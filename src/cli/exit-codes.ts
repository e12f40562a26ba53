import { ToolError } from '../base/index.ts'

/** Exit codes of every command (DESIGN.md, contracts). */
export const exitCodes = { done: 0, stepFailed: 1, error: 125, interrupted: 130 } as const

/** The exit code for something thrown. */
export function exitCodeFor(error: unknown): number {
  if (!(error instanceof ToolError)) return exitCodes.error
  if (error.code === 'step-failed') return exitCodes.stepFailed
  return error.code === 'canceled' ? exitCodes.interrupted : exitCodes.error
}
