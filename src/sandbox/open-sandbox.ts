import { ToolError } from '../base/index.ts'
import type { Isolation, Sandbox } from '../ports/index.ts'
import { builtinEngine } from './builtin-engine.ts'
import { hideHybridCgroups } from './cgroup-workaround.ts'
import type { Engine } from './engine.ts'
import { findTool, toolEnv } from './host-tools.ts'
import { type ProbeCache, probeEngine, readProbeCache } from './isolation-probe.ts'
import { runContainer } from './run-container.ts'
import { runtimeEngine } from './runtime-engine.ts'
import { openStateDirectory, type StateDirectory } from './state-directory.ts'

export interface SandboxOptions {
  /** The one to use; else the first of crun, runc, builtin that works here. */
  readonly isolation?: Isolation
  /** Private directory for records of running containers; shared by all processes of this user, made when missing. */
  readonly stateDirectory: string
  /** Only PATH is read. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** True when uid 0 of this process is not the machine's. */
  readonly inUserNamespace: boolean
  /** Processor, as Node names it. */
  readonly arch: string
  /** File that remembers which isolations work; without it each is tried anew. */
  readonly probeCacheFile?: string
}

/** One rung of isolation as this machine has it. `hint` is the command or edit that adds it. */
export interface IsolationReport {
  readonly isolation: Isolation
  readonly works: boolean
  readonly program?: string
  readonly reason?: string
  readonly hint?: string
}

const ladder: readonly Isolation[] = ['crun', 'runc', 'builtin']

const hints: Readonly<Record<Isolation, string>> = {
  crun: 'install it: apt install crun, dnf install crun, apk add crun',
  runc: 'install it: apt install runc, dnf install runc, apk add runc',
  builtin: 'install util-linux: apt install util-linux bsdutils, dnf install util-linux, apk add util-linux-misc',
}

/**
 * Chooses the isolation and opens it. The process must be in a mount namespace of its own. Each isolation is tried
 * once by running a container; the verdict is remembered per program, kernel and user. Throws `ToolError`
 * `isolation-unavailable` when the one asked for, or every one, does not work.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const cache = readProbeCache(options.probeCacheFile)
  const state = openState(options)
  const reports: IsolationReport[] = []
  for (const isolation of options.isolation === undefined ? ladder : [options.isolation]) {
    const tried = await tryIsolation(isolation, options, state, cache)
    if (tried.engine !== undefined) return sandboxOf(tried.engine, state)
    reports.push(tried.report)
  }
  const [only] = reports
  if (options.isolation !== undefined && only !== undefined) {
    throw new ToolError('isolation-unavailable', `isolation ${only.isolation} does not work here: ${only.reason}`, {
      hint: `${only.hint ?? hints[only.isolation]}; or leave --isolation away`,
    })
  }
  const reasons = reports.map(({ isolation, reason }) => `${isolation}: ${reason}`).join('\n')
  throw new ToolError('isolation-unavailable', `no way to run a container works here\n${reasons}`, { hint: hints.crun })
}

/** Tries every rung anew, whatever is remembered. The last ones first: crun's workaround for hybrid cgroups is in runc's way. */
export async function describeIsolation(
  options: Omit<SandboxOptions, 'isolation'>,
): Promise<readonly IsolationReport[]> {
  const cache = readProbeCache(undefined)
  const state = openState(options)
  const reports: IsolationReport[] = []
  for (const isolation of ladder.toReversed())
    reports.push((await tryIsolation(isolation, options, state, cache)).report)
  return reports.reverse()
}

function openState(options: SandboxOptions): StateDirectory {
  return openStateDirectory(options.stateDirectory, findTool(options.env, 'sh') ?? '/bin/sh', toolEnv(options.env))
}

function sandboxOf(engine: Engine, state: StateDirectory): Sandbox {
  return { isolation: engine.isolation, start: (request) => runContainer(engine, state, request) }
}

interface Tried {
  readonly engine?: Engine
  readonly report: IsolationReport
}

async function tryIsolation(
  isolation: Isolation,
  options: SandboxOptions,
  state: StateDirectory,
  cache: ProbeCache,
): Promise<Tried> {
  const program = findTool(options.env, isolation === 'builtin' ? 'unshare' : isolation)
  const failed = (reason: string, hint?: string): Tried => ({
    report: {
      isolation,
      works: false,
      reason,
      ...(program === undefined ? {} : { program }),
      hint: hint ?? hints[isolation],
    },
  })
  if (program === undefined) return failed(`${isolation === 'builtin' ? 'unshare' : isolation} is not on PATH`)
  let engine: Engine
  try {
    if (isolation === 'crun') hideHybridCgroups()
    engine = isolation === 'builtin' ? builtinEngine(options) : runtimeEngine({ ...options, isolation, program })
  } catch (error) {
    if (error instanceof ToolError) return failed(error.message, error.hint)
    throw error
  }
  const reason = await probeEngine(engine, program, state, cache, options)
  if (reason !== undefined) return failed(reason, brokenHint(isolation))
  return { engine, report: { isolation, works: true, program } }
}

function brokenHint(isolation: Isolation): string {
  if (isolation === 'builtin')
    return 'allow namespaces: run with CAP_SYS_ADMIN, or enable user namespaces on this machine'
  return `update ${isolation} (crun before 1.9 does not know every cgroup layout), or choose --isolation builtin`
}
