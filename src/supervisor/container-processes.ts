import { closeSync, readdirSync, readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { ToolError } from '../base/index.ts'
import { openProcess, signalProcess } from '../sys/index.ts'
import type { Supervisor } from './supervisor.ts'

/** Ids on the machine of all processes in the container's process namespace. Throws `ToolError` when it does not run. */
export function processesOf(supervisor: Supervisor): readonly number[] {
  const init = supervisor.run?.pid()
  if (init === undefined) throw notRunning()
  const namespace = namespaceOf(init)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => namespaceOf(pid) === namespace)
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    // It has ended, or is none of ours.
    return undefined
  }
}

/**
 * Stops all processes of the container. They are looked for again until no new one was found, since one that is not stopped yet
 * may make another.
 */
export function freezeProcesses(supervisor: Supervisor): void {
  if (supervisor.isPaused) throw new ToolError('container-failed', 'the container is paused already')
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

export function thawProcesses(supervisor: Supervisor): void {
  if (!supervisor.isPaused) throw new ToolError('container-failed', 'the container is not paused')
  for (const pid of processesOf(supervisor)) send(pid, constants.signals.SIGCONT)
  supervisor.setPaused(false)
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
