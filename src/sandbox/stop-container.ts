import { setTimeout as delay } from 'node:timers/promises'
import type { StartedChild } from './child-process.ts'
import type { Launch } from './engine.ts'
import { childrenOf, executableOf, processState, readPid, signalProcess } from './host-processes.ts'

/** A container between its start and its end. */
export interface RunningContainer {
  readonly child: StartedChild
  readonly launch: Launch
  readonly pidFile: string
  hasEnded(): boolean
}

const pollMs = 5

/** How long a process may take to freeze; it takes microseconds. */
const freezeMs = 500

/** The container's first process on the host, once it executes the container's program and as long as it lives. */
export function findInit({ launch, pidFile }: RunningContainer): number | undefined {
  const pid = readPid(pidFile)
  const executable = pid === undefined ? undefined : executableOf(pid)
  return executable === undefined || launch.tools.includes(executable) ? undefined : pid
}

/** Sends `signal` to the container's first process, waiting for its program to start when need be. */
export function signalInit(running: RunningContainer, signal: NodeJS.Signals | number): void {
  const attempt = (): void => {
    if (running.hasEnded()) return
    const init = findInit(running)
    if (init === undefined) setTimeout(attempt, pollMs)
    else signalProcess(init, signal, () => !running.hasEnded() && findInit(running) === init)
  }
  attempt()
}

/**
 * Kills a container. When its program runs, killing the first process is enough: the kernel takes the others along and
 * the launch cleans up and ends. Before, the launch itself is stopped with all its descendants. Resolves when they are gone.
 */
export async function stopContainer(running: RunningContainer): Promise<void> {
  const init = findInit(running)
  if (init !== undefined) {
    signalProcess(init, 'SIGKILL', () => findInit(running) === init)
    return
  }
  const { pid: launched } = running.child
  const killed = running.hasEnded() || launched === undefined ? [] : killTree(launched)
  while (killed.some((pid) => processState(pid) !== undefined)) await delay(pollMs)
}

/** Freezes a process before its children are listed, so that it cannot make another one meanwhile; children die first. */
export function killTree(pid: number): readonly number[] {
  signalProcess(pid, 'SIGSTOP', () => true)
  // One that hangs in the kernel (a dead network filesystem) stops only when it comes back from there.
  for (const deadline = performance.now() + freezeMs; processState(pid) === 'running'; ) {
    if (performance.now() > deadline) break
  }
  const below = childrenOf(pid).flatMap(killTree)
  signalProcess(pid, 'SIGKILL', () => true)
  return [...below, pid]
}
