import { arch } from 'node:os'
import { assertNever, errorMessage, ToolError } from '../base/index.ts'
import type { Isolation, Sandbox } from '../ports/index.ts'
import { builtinEngine } from './builtin-engine.ts'
import { hideHybridCgroups } from './cgroup-view.ts'
import type { Engine } from './engine.ts'
import { findTool, toolEnv } from './host-tools.ts'
import { readVerdict, writeVerdict } from './probe-cache.ts'
import { probeEngine } from './probe-engine.ts'
import { runContainer } from './run-container.ts'
import { runtimeEngine } from './runtime-engine.ts'
import { openStateDirectory, type StateDirectory } from './state-directory.ts'

export interface SandboxOptions {
  /** Only this one; the best that works when not given. */
  readonly isolation?: Isolation
  /** A directory of this process alone, for what runs; `sweepSandboxes` clears it up when the process dies. */
  readonly stateDirectory: string
  /** The host's environment: only PATH is read. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly inUserNamespace: boolean
  /** Remembers which isolations work here; made when missing, ignored when broken. */
  readonly probeCacheFile?: string
}

/** From the strongest to the one that needs nothing installed. */
export const isolations: readonly Isolation[] = ['crun', 'runc', 'builtin']

/**
 * Opens the best isolation that works here, or the one asked for. Call it in a mount namespace of our own, which it
 * changes (cgroup mounts). Throws `ToolError` `isolation-unavailable` with each candidate's own words.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const state = openStateDirectory(options.stateDirectory, findTool(options.env, 'sh'), toolEnv(options.env))
  if (options.isolation !== undefined) {
    const attempt = await tryIsolation(options.isolation, options, state, 'successes')
    if (attempt.kind === 'works') return sandbox(attempt.engine, state)
    throw new ToolError(
      'isolation-unavailable',
      `isolation ${options.isolation} does not work here: ${attempt.reason}`,
      {
        hint: attempt.hint ?? 'leave --isolation out to take the best that works, or ask `longshore doctor`',
      },
    )
  }
  const reasons: string[] = []
  for (const isolation of isolations) {
    const attempt = await tryIsolation(isolation, options, state, 'all')
    if (attempt.kind === 'works') return sandbox(attempt.engine, state)
    reasons.push(`${isolation}: ${attempt.reason}`)
  }
  throw new ToolError('isolation-unavailable', `no way to run a container works here: ${reasons.join('; ')}`, {
    hint: 'install crun (apt-get install crun, apk add crun, dnf install crun), or ask `longshore doctor`',
  })
}

function sandbox(engine: Engine, state: StateDirectory): Sandbox {
  return { isolation: engine.isolation, start: (request) => runContainer(engine, state, request) }
}

export type Attempt =
  | { readonly kind: 'works'; readonly engine: Engine; readonly program: string | undefined }
  | { readonly kind: 'fails'; readonly reason: string; readonly hint?: string; readonly program?: string }

/**
 * Makes the engine of one isolation and makes sure that it works: by the remembered verdict, else by running a
 * container. `believe` says which remembered verdicts count: a failure is looked at afresh when somebody asks for it.
 */
export async function tryIsolation(
  isolation: Isolation,
  options: SandboxOptions,
  state: StateDirectory,
  believe: 'all' | 'successes' | 'none',
): Promise<Attempt> {
  const program = findTool(options.env, isolation === 'builtin' ? 'unshare' : isolation)
  if (program === undefined && isolation !== 'builtin') {
    return {
      kind: 'fails',
      reason: `the program ${JSON.stringify(isolation)} is not on PATH`,
      hint: `install ${isolation}, or leave --isolation out`,
    }
  }
  const known = believe === 'none' ? undefined : readVerdict(options, isolation, program)
  if (known?.reason !== undefined && believe === 'all') return { kind: 'fails', reason: known.reason }
  const isKnownToWork = known !== undefined && known.reason === undefined
  const attempt = await makeEngine(isolation, program, options, state, isKnownToWork)
  if (known === undefined || attempt.kind === 'fails' || known.reason !== undefined) {
    writeVerdict(options, isolation, program, attempt.kind === 'works' ? {} : { reason: attempt.reason })
  }
  return attempt
}

async function makeEngine(
  isolation: Isolation,
  program: string | undefined,
  options: SandboxOptions,
  state: StateDirectory,
  isKnownToWork: boolean,
): Promise<Attempt> {
  const found = program === undefined ? {} : { program }
  let undo = (): void => undefined
  try {
    if (isolation === 'crun') undo = hideHybridCgroups(options.inUserNamespace)
    const engine = engineOf(isolation, program ?? '', options)
    if (!isKnownToWork) await probeEngine(engine, state, options.stateDirectory)
    return { kind: 'works', engine, program }
  } catch (error) {
    undo()
    const hint = error instanceof ToolError && error.code === 'isolation-unavailable' ? error.hint : undefined
    return { kind: 'fails', reason: errorMessage(error), ...found, ...(hint === undefined ? {} : { hint }) }
  }
}

function engineOf(isolation: Isolation, program: string, options: SandboxOptions): Engine {
  const { env, inUserNamespace } = options
  switch (isolation) {
    case 'crun':
    case 'runc':
      return runtimeEngine({ isolation, program, env, inUserNamespace, arch: arch() })
    case 'builtin':
      return builtinEngine({ env, inUserNamespace, arch: arch() })
    default:
      return assertNever(isolation)
  }
}
