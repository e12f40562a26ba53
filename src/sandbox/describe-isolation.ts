import { spawnSync } from 'node:child_process'
import type { Isolation } from '../ports/index.ts'
import { findTool, toolEnv } from './host-tools.ts'
import { isolations, type SandboxOptions, tryIsolation } from './open-sandbox.ts'
import { openStateDirectory } from './state-directory.ts'

/** What one isolation is on this machine. */
export interface IsolationReport {
  readonly isolation: Isolation
  readonly works: boolean
  /** Path and first line of `--version` of its program, when it is there. */
  readonly program?: string
  readonly version?: string
  /** Why it does not work, in its own words, and what to do. */
  readonly reason?: string
  readonly hint?: string
}

/**
 * Tries each isolation afresh and remembers the verdicts; reports come best first. Same circumstances as `openSandbox`.
 * The trials go the other way round: what hides cgroups from crun would be in runc's way.
 */
export async function describeIsolation(options: SandboxOptions): Promise<readonly IsolationReport[]> {
  const state = openStateDirectory(options.stateDirectory, findTool(options.env, 'sh'), toolEnv(options.env))
  const reports: IsolationReport[] = []
  for (const isolation of isolations.toReversed()) {
    if (options.isolation !== undefined && options.isolation !== isolation) continue
    const attempt = await tryIsolation(isolation, options, state, 'none')
    const { program } = attempt
    reports.push({
      isolation,
      works: attempt.kind === 'works',
      ...(program === undefined ? {} : { program, version: versionOf(program, options) }),
      ...(attempt.kind === 'fails' ? { reason: attempt.reason } : {}),
      ...(attempt.kind === 'fails' && attempt.hint !== undefined ? { hint: attempt.hint } : {}),
    })
  }
  return reports.reverse()
}

function versionOf(program: string, options: SandboxOptions): string {
  const result = spawnSync(program, ['--version'], { encoding: 'utf8', env: toolEnv(options.env), cwd: '/' })
  return result.stdout?.split('\n')[0]?.trim() ?? ''
}
