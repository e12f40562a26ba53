import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { ToolError } from '../base/index.ts'
import type { Cgroup } from '../cgroup/index.ts'
import type { SandboxRun } from '../ports/index.ts'
import { childrenOf, parseStat, processState } from '../sandbox/host-processes.ts'
import { openProcess, signalProcess } from '../sys/index.ts'

/** What is needed of a supervisor to stop and continue its container's processes. */
export interface Supervised {
  readonly pid: number
  readonly run: Pick<SandboxRun, 'pid'> | undefined
  readonly cgroup: Cgroup | undefined
  readonly isPaused: boolean
  /** It has a process namespace of its own. */
  readonly hasOwnProcesses: boolean
  /** Not that of the machine. */
  readonly hasOwnNetwork: boolean
  setPaused(paused: boolean): void
}

/**
 * Ids on the machine of all processes of the container: those in its process namespace, or, when that is not its own, those that see
 * its mounts. Throws `ToolError` when it does not run.
 */
export function processesOf(supervisor: Supervised): readonly number[] {
  const init = supervisor.run?.pid()
  if (init === undefined) throw notRunning()
  if (supervisor.hasOwnProcesses) return processesIn('pid', namespaceOf(init, 'pid'))
  const launch = ancestorsOf(init)
  return processesIn('mnt', namespaceOf(init, 'mnt')).filter((pid) => !launch.includes(pid))
}

/**
 * A namespace that stays as long as it is held. Its name alone tells little: the kernel gives the number of one that is gone to
 * the next that is made, be it of another container.
 */
export interface HeldNamespace {
  readonly name: string
  release(): void
}

/** Holds the mount namespace of a process of a container; undefined when it has ended, or has none of its own. */
export function holdMountNamespace(pid: number): HeldNamespace | undefined {
  let fd: number
  try {
    fd = openSync(`/proc/${pid}/ns/mnt`, 'r')
  } catch {
    // It has ended.
    return undefined
  }
  const name = readlinkSync(`/proc/self/fd/${fd}`)
  const held = { name, release: () => closeSync(fd) }
  // Nor that of whoever started it, nor the machine's: the number may be another process's by now.
  const others = (['thread-self', 1, ...ancestorsOf(process.pid)] as const).map((other) => namespaceOf(other, 'mnt'))
  if (!others.includes(name)) return held
  held.release()
  return undefined
}

/** How often to look whether the first process is there. */
const lookMs = 20

/**
 * Ends what the first process of a container leaves in a process namespace that is not the container's: nothing else does, and crun
 * waits for it. Resolves when `ended` does, and has released the namespace then.
 */
export async function endWithFirst(first: number, mounts: HeldNamespace, ended: Promise<unknown>): Promise<void> {
  // What started it may see its mounts too, and is to tell how it ended.
  const launch = ancestorsOf(first)
  let isOver = false
  const over = ended.then(
    () => {
      isOver = true
    },
    () => {
      isOver = true
    },
  )
  while (!isOver && processState(first) !== undefined) {
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, lookMs))])
  }
  try {
    await endProcessesIn(mounts.name, launch)
  } finally {
    mounts.release()
  }
  await over
}

/** One that hangs in the kernel for longer is left to the control group, which is removed when it is empty. */
const endingMs = 5000

/** Ends all processes in a mount namespace that is held: the kernel does so only in a process namespace whose first one ended. */
async function endProcessesIn(mountNamespace: string, spared: readonly number[]): Promise<void> {
  for (const deadline = performance.now() + endingMs; performance.now() < deadline; ) {
    const found = processesIn('mnt', mountNamespace).filter((pid) => !spared.includes(pid))
    if (found.length === 0) return
    for (const pid of found) send(pid, constants.signals.SIGKILL)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

function ancestorsOf(pid: number): readonly number[] {
  const parent = parentOf(pid)
  return parent === undefined || parent <= 1 ? [] : [parent, ...ancestorsOf(parent)]
}

function parentOf(pid: number): number | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1')).parent
  } catch {
    // It has ended.
    return undefined
  }
}

function processesIn(kind: 'pid' | 'mnt', namespace: string | undefined): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => namespace !== undefined && namespaceOf(pid, kind) === namespace)
}

function namespaceOf(pid: number | 'thread-self', kind: 'pid' | 'mnt'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`)
  } catch {
    // It has ended, or is none of ours.
    return undefined
  }
}

/**
 * Stops all processes of the container: by its control group, else each by a signal. They are looked for again then until no new
 * one was found, since one that is not stopped yet may make another.
 */
export async function freezeProcesses(supervisor: Supervised): Promise<void> {
  if (supervisor.isPaused) throw new ToolError('container-failed', 'the container is paused already')
  if (await supervisor.cgroup?.freeze()) {
    supervisor.setPaused(true)
    return
  }
  const stopped = new Set<number>()
  for (let found = 1; found > 0; ) {
    const fresh = processesOf(supervisor).filter((pid) => !stopped.has(pid))
    for (const pid of fresh) {
      send(pid, constants.signals.SIGSTOP)
      stopped.add(pid)
    }
    found = fresh.length
  }
  supervisor.setPaused(true)
}

/** Lets all go on; also the tools that started them, of which some stop with their child. */
export function thawProcesses(supervisor: Supervised): void {
  if (!supervisor.isPaused) throw new ToolError('container-failed', 'the container is not paused')
  supervisor.cgroup?.thaw()
  const all = new Set([...processesOf(supervisor), ...descendantsOf(supervisor.pid)])
  for (const pid of all) send(pid, constants.signals.SIGCONT)
  supervisor.setPaused(false)
}

function descendantsOf(pid: number): readonly number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)])
}

function send(pid: number, signal: number): void {
  try {
    const fd = openProcess(pid)
    try {
      signalProcess(fd, signal)
    } finally {
      closeSync(fd)
    }
  } catch {
    // It has ended meanwhile.
  }
}

function notRunning(): ToolError {
  return new ToolError('container-failed', 'the container is not running', { hint: 'start it first: longshore start' })
}
