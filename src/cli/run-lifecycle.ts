import { ToolError } from '../base/index.ts'
import {
  killContainer,
  parsers,
  pauseContainer,
  renameContainer,
  restartContainer,
  type StopWishes,
  stopContainer,
  unpauseContainer,
  waitForContainer,
} from '../engine/containers.ts'
import { forEachContainer } from './each-container.ts'
import type { StopFlags } from './lifecycle-flags.ts'

/** Runs `longshore stop`; returns the exit code. */
export function runStop(names: readonly string[], flags: StopFlags, root: string | undefined): Promise<number> {
  const wishes = stopWishes(flags)
  return forEachContainer(names, root, async (room, id) => {
    await stopContainer(room, id, wishes)
    return undefined
  })
}

/** Runs `longshore restart`; returns the exit code. */
export function runRestart(names: readonly string[], flags: StopFlags, root: string | undefined): Promise<number> {
  const wishes = stopWishes(flags)
  return forEachContainer(names, root, async (room, id) => {
    await restartContainer(room, id, wishes)
    return undefined
  })
}

/** Runs `longshore kill`; returns the exit code. */
export function runKill(names: readonly string[], signal: string, root: string | undefined): Promise<number> {
  const number = requireSignal(signal)
  return forEachContainer(names, root, async (room, id) => {
    await killContainer(room, id, number)
    return undefined
  })
}

/** Runs `longshore pause`, `unpause` or `wait`; returns the exit code. */
export function runSimple(
  command: 'pause' | 'unpause' | 'wait',
  names: readonly string[],
  root: string | undefined,
): Promise<number> {
  return forEachContainer(names, root, async (room, id) => {
    if (command === 'wait') return String(await waitForContainer(room, id))
    await (command === 'pause' ? pauseContainer(room, id) : unpauseContainer(room, id))
    return undefined
  })
}

/** Runs `longshore rename`; returns the exit code. */
export function runRename(container: string, name: string, root: string | undefined): Promise<number> {
  return forEachContainer([container], root, (room, id) => {
    renameContainer(room, id, name)
    return ''
  })
}

function stopWishes({ timeout, time, signal }: StopFlags): StopWishes {
  const timeoutSeconds = timeout ?? time
  return {
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(signal === undefined ? {} : { signal: requireSignal(signal) }),
  }
}

function requireSignal(text: string): number {
  const number = parsers.signalNumber(text)
  if (number !== undefined) return number
  throw new ToolError('usage', `"${text}" is no signal`, { hint: 'write a name as SIGTERM, or a number' })
}
