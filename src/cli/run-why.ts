import type { BuildTrace, TracedStep } from '../ports/index.ts'
import { type ExplainedStep, formatAge, renderExplained } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { WhyFlags } from './flags.ts'
import { chooseSteps, planProject } from './plan-project.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore why`; returns the exit code. */
export async function runWhy(selector: string | undefined, flags: WhyFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const planned = await planProject(flags, host, root)
  if (planned === undefined) return exitCodes.error
  const { graph, outcomes } = planned.probed
  const next = graph.steps.map((step): ExplainedStep => {
    const { file, startLine } = step.operation.origin
    const hit = outcomes[step.index]?.kind === 'hit'
    const causes = planned.explanations.get(step.index)?.causes ?? []
    return { label: step.label, file, startLine, verdict: hit ? 'HIT' : 'MISS', causes }
  })
  const misses = next.filter((step) => step.verdict !== 'HIT')
  const { lastBuild } = planned
  if (flags.last !== true && misses.length > 0) {
    print('The next build would run:', selector === undefined ? misses : chooseSteps(next, selector), flags)
    return exitCodes.done
  }
  if (lastBuild === undefined) {
    print(flags.last === true ? 'No build of this project is remembered.' : 'Every step is cached.', [], flags)
    return exitCodes.done
  }
  const last = lastBuild.steps.map(lastStep)
  const shown = selector === undefined ? last.filter((step) => step.causes.length > 0) : chooseSteps(last, selector)
  const heading = flags.last === true ? '' : 'The next build would run nothing. '
  print(`${heading}The last build that ran something, ${age(lastBuild, host.nowMs())} ago:`, shown, flags)
  return exitCodes.done
}

function lastStep({ label, file, startLine, status, causes }: TracedStep): ExplainedStep {
  const verdict = { cached: 'HIT', ran: 'RAN', failed: 'FAIL', canceled: 'STOP', 'not-reached': 'NOT' }[status]
  return { label, file, startLine, verdict, causes }
}

function age(trace: BuildTrace, nowMs: number): string {
  return formatAge(nowMs - Date.parse(trace.created)).toLowerCase()
}

function print(heading: string, steps: readonly ExplainedStep[], flags: WhyFlags): void {
  if (flags.format === 'json') {
    process.stdout.write(`${JSON.stringify({ explains: heading, steps }, null, 2)}\n`)
    return
  }
  process.stdout.write(`${heading}\n${steps.length === 0 ? '' : `\n${renderExplained(steps)}`}`)
}
