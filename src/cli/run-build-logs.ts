import { sanitizeForTerminal } from '../base/index.ts'
import { readFailedLog, readStepLog } from '../engine/step-logs.ts'
import { exitCodes } from './exit-codes.ts'
import type { ProjectFlags } from './flags.ts'
import { chooseSteps, planProject } from './plan-project.ts'
import { processHost } from './process-host.ts'

/**
 * Runs `longshore logs --build`: of each step the log of its cached result, else of its last run, failed or not. The
 * bytes go to stdout as they came; headings and what is missing to stderr. Returns the exit code.
 */
export async function runBuildLogs(
  selector: string | undefined,
  flags: ProjectFlags,
  root: string | undefined,
): Promise<number> {
  const host = processHost()
  const planned = await planProject(flags, host, root)
  if (planned === undefined) return exitCodes.error
  const { lastBuild, project, probed } = planned
  const steps = probed.graph.steps.map((step) => ({
    label: step.label,
    startLine: step.operation.origin.startLine,
    outcome: probed.outcomes[step.index],
  }))
  for (const { label, outcome } of chooseSteps(steps, selector)) {
    process.stderr.write(`${sanitizeForTerminal(label)}\n`)
    const last = lastBuild?.steps.find((step) => step.label === label)
    const key = outcome?.kind === 'hit' ? outcome.record.key : last?.key
    const failed = outcome?.kind !== 'hit' && last?.status === 'failed' && lastBuild !== undefined
    const log = failed
      ? readFailedLog(host, root, project, lastBuild, lastBuild.steps.indexOf(last))
      : key && readStepLog(host, root, key)
    if (log !== undefined) process.stdout.write(log)
    else
      process.stderr.write(last === undefined && outcome?.kind !== 'hit' ? `  has not run yet\n` : `  wrote nothing\n`)
  }
  return exitCodes.done
}
