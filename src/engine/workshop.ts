import type { ClaimPort, EmitEvent, ExecuteRequest, ExecutorPort, SelectResult } from '../build/index.ts'
import { layerDigester } from '../layer/index.ts'
import type { Isolation, OverlayXattrs, Sandbox } from '../ports/index.ts'
import { openSandbox, sweepSandboxes } from '../sandbox/index.ts'
import type { SnapshotSettings } from '../snapshot/index.ts'
import { tryClaim, waitForClaim } from '../store/claims.ts'
import { failedSteps, removeFailedStep } from '../store/failed-steps.ts'
import type { Store } from '../store/index.ts'
import { openSession, type Session } from '../store/session.ts'
import type { AgentSources } from './agent-sources.ts'
import { type DeviceGuard, deviceGuard } from './device-guard.ts'
import { type ExecutorSettings, rehearseStep, stepExecutor } from './executor.ts'
import { type Host, overlayXattrs } from './host.ts'
import type { LimitRequest } from './run-limits.ts'
import type { Secrets } from './secrets.ts'
import type { TravellingMounts } from './travelling-mounts.ts'

/** Where things are made: a working area, snapshots, a sandbox. Exists only inside the namespace. */
export interface Workshop {
  readonly session: Session
  readonly overlay: OverlayXattrs
  readonly snapshots: SnapshotSettings
  readonly executor: ExecutorPort
  /** Executes a step in other surroundings; `judge` sees the tree it made, which is then thrown away. */
  rehearse<T>(request: ExecuteRequest, judge: (upper: string) => T): Promise<SelectResult<T>>
  readonly claims: ClaimPort
  /** The executor of another build that works here, with what is its own. */
  executorFor(own: OwnSettings): ExecutorPort
  /** Directories of cache mounts begin with what `mounts` has of them from now on, and are told to it. */
  carryMounts(mounts: TravellingMounts): void
  /** For what a Dockerfile or image chose to run as root. */
  readonly guard: DeviceGuard
  /** The sandbox, opened and probed on first use. */
  sandbox(): Promise<Sandbox>
  close(): Promise<void>
}

export interface WorkshopSettings {
  readonly store: Store
  readonly host: Host
  readonly contextDirectory: string
  readonly network: 'host' | 'none'
  /** No RUN step gets a network, whatever it says. */
  readonly offline?: boolean
  readonly limits?: LimitRequest
  readonly isolation?: Isolation
  readonly secrets: Secrets
  readonly agents: AgentSources
  /** Names the Dockerfile and context of a build, so that its failed steps are kept. */
  readonly project?: string
  readonly emit: EmitEvent
}

/** What differs between builds in one workshop. */
export type OwnSettings = Pick<
  ExecutorSettings,
  'contextDirectory' | 'network' | 'limits' | 'secrets' | 'agents' | 'project'
>

/** More would wait for the disk. */
const mostDigesters = 4

/** Opens the workshop of this process and sweeps what dead ones left. Call after `enterNamespace`. */
export function openWorkshop(settings: WorkshopSettings): Workshop {
  const { store, host } = settings
  const session = openSession(store.root, host.nowMs(), (stale) => sweepSandboxes(stale))
  if (settings.project !== undefined) forgetFailures(store.root, settings.project)
  const overlay = overlayXattrs(host)
  const snapshots = { layersDirectory: store.layers.directory, overlay, workingDirectory: host.cwd }
  let opened: Promise<Sandbox> | undefined
  const open = async (): Promise<Sandbox> => {
    const startMs = host.nowMs()
    const made = await openSandbox({
      ...(settings.isolation === undefined ? {} : { isolation: settings.isolation }),
      stateDirectory: session.makeDirectory('sandbox'),
      env: host.env,
      inUserNamespace: host.inUserNamespace,
      probeCacheFile: store.cachePath('isolation.json'),
    })
    if (made.isolation === 'builtin' && settings.isolation === undefined) announce(settings, builtinLabel, startMs)
    return made
  }
  const sandbox = (): Promise<Sandbox> => {
    opened ??= open()
    return opened
  }
  const digester = layerDigester(host.digestProgram, host.pid, Math.min(host.cpus, mostDigesters))
  const guard = deviceGuard(host, (label) => announce(settings, label, host.nowMs()))
  let travelling: TravellingMounts | undefined
  const executing: ExecutorSettings = {
    travelling: () => travelling,
    store,
    session,
    snapshots,
    overlay,
    digester,
    guard,
    contextDirectory: settings.contextDirectory,
    network: settings.network,
    offline: settings.offline === true,
    limits: settings.limits ?? { ulimits: [] },
    host,
    secrets: settings.secrets,
    agents: settings.agents,
    env: host.env,
    ...(settings.project === undefined ? {} : { project: settings.project }),
    sandbox,
    nowMs: () => host.nowMs(),
  }
  const claims: ClaimPort = {
    tryClaim: (key) => tryClaim(store.root, key),
    waitForClaim: (key, signal) => waitForClaim(store.root, key, signal),
  }
  return {
    session,
    overlay,
    snapshots,
    guard,
    executor: stepExecutor(executing),
    executorFor(own) {
      if (own.project !== undefined && own.project !== settings.project) forgetFailures(store.root, own.project)
      return stepExecutor({ ...executing, ...own })
    },
    claims,
    carryMounts(mounts) {
      travelling = mounts
    },
    rehearse: (request, judge) => rehearseStep(executing, request, judge),
    sandbox,
    async close() {
      digester.close()
      try {
        await guard.close()
      } finally {
        await session.close()
      }
    },
  }
}

/** A new build of a project takes the place of what its last one left. What somebody looks at stays. */
function forgetFailures(root: string, project: string): void {
  for (const step of failedSteps(root)) if (step.project === project) removeFailedStep(root, step.id)
}

/** Nobody asked for the weakest rung, so it is said that it is used, and what would give a better one. */
const builtinLabel = '[internal] built-in isolation, since neither crun nor runc works here (apt-get install crun)'

function announce({ emit, host }: WorkshopSettings, label: string, startMs: number): void {
  const task = `note-${label}`
  const timeMs = host.nowMs()
  emit({ kind: 'task-start', task, label, timeMs: startMs })
  emit({ kind: 'task-end', task, status: 'done', durationMs: timeMs - startMs, timeMs })
}
