import { parseSize } from '../base/index.ts'
import type { SandboxRequest } from '../ports/index.ts'
import type { DeviceGuard } from './device-guard.ts'
import type { Host } from './host.ts'

/** Limits of RUN steps as the flags have them. They are no part of any key. */
export interface LimitRequest {
  readonly memory?: string
  readonly cpus?: string
  readonly shmSize?: string
  readonly ulimits: readonly string[]
}

/** The limits of one RUN, in force. */
export interface RunLimits {
  readonly fields: Pick<SandboxRequest, 'enter' | 'rlimits' | 'shmSizeBytes'>
  /** What this machine cannot hold, for the user. */
  readonly notes: readonly string[]
  /** The kernel killed a process of it for want of memory. */
  wasOomKilled(): boolean
  release(): Promise<void>
}

/** Checks limits before anything is done. Throws `ToolError` `usage`. */
export async function checkLimitRequest(request: LimitRequest, host: Host): Promise<void> {
  if (!isLimited(request)) return
  const { checkLimits } = await import('../cgroup/index.ts')
  checkLimits((await parsed(request)).limits, host.cpus)
}

/** Puts the limits of a RUN into force, and with `guard` keeps it from devices; `id` names its control group. Throws `ToolError` `limit-unavailable`. */
export async function limitRun(
  request: LimitRequest,
  id: string,
  host: Pick<Host, 'inUserNamespace' | 'pid'>,
  guard: DeviceGuard | undefined,
): Promise<RunLimits> {
  const free = { wasOomKilled: () => false, release: () => Promise.resolve() }
  const guarded = async () => (guard === undefined ? {} : { enter: await guard.ready() })
  if (!isLimited(request)) return { fields: await guarded(), notes: [], ...free }
  const { limits, rlimits, shmSizeBytes } = await parsed(request)
  const fields = {
    ...(rlimits.length === 0 ? {} : { rlimits }),
    ...(shmSizeBytes === undefined ? {} : { shmSizeBytes }),
  }
  if (Object.keys(limits).length === 0) return { fields: { ...fields, ...(await guarded()) }, notes: [], ...free }
  // The guard's group would be left for this one.
  const devices = guard === undefined || host.inUserNamespace ? undefined : []
  const { openCgroup, probeCgroups } = await import('../cgroup/index.ts')
  const group = openCgroup(id, limits, probeCgroups(!host.inUserNamespace), host.pid, devices)
  return {
    fields: { ...fields, enter: (command) => group.enter(command) },
    notes: group.notes,
    wasOomKilled: () => group.wasOomKilled(),
    release: () => group.remove(),
  }
}

function isLimited({ memory, cpus, shmSize, ulimits }: LimitRequest): boolean {
  return ulimits.length > 0 || [memory, cpus, shmSize].some((text) => text !== undefined)
}

async function parsed({ memory, cpus, shmSize, ulimits }: LimitRequest) {
  const { parseUlimit } = await import('../cgroup/index.ts')
  return {
    limits: {
      ...(memory === undefined ? {} : { memoryBytes: parseSize(memory, '--memory') }),
      ...(cpus === undefined ? {} : { cpus: Number(cpus) }),
    },
    rlimits: ulimits.map((text) => parseUlimit(text)),
    shmSizeBytes: shmSize === undefined ? undefined : parseSize(shmSize, '--shm-size'),
  }
}
