import { existsSync, writeFileSync } from 'node:fs'
import { sanitizeForTerminal, ToolError } from '../base/index.ts'
import {
  type ContainerRoom,
  type CreatedContainer,
  createContainer,
  openContainerRoom,
  startContainer,
} from '../engine/containers.ts'
import { plainReporter } from '../report/index.ts'
import { AttachSession } from './attach-session.ts'
import { createRequest } from './create-request.ts'
import { exitCodes } from './exit-codes.ts'
import { onInterrupt } from './interrupt.ts'
import type { ContainerFlags, RunFlags } from './lifecycle-flags.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore create`; returns the exit code. */
export async function runCreate(
  image: string,
  command: readonly string[],
  flags: ContainerFlags,
  root: string | undefined,
): Promise<number> {
  const room = openContainerRoom(processHost(), root)
  const { id } = await create(room, image, command, flags, false, root)
  process.stdout.write(`${id}\n`)
  return exitCodes.done
}

/** Runs `longshore run`; returns the container's exit code, or 0 for one in the background. */
export async function runRun(
  image: string,
  command: readonly string[],
  flags: RunFlags,
  root: string | undefined,
): Promise<number> {
  const detach = flags.detach === true
  const terminal = flags.tty === true
  const { attach } = flags
  const isWanted = (stream: RunFlags['attach'][number]): boolean => attach.length === 0 || attach.includes(stream)
  const stdin = flags.interactive === true && !detach && isWanted('stdin')
  if (detach && attach.length > 0) {
    throw new ToolError('usage', '-a and -d do not go together', { hint: 'leave one of the two out' })
  }
  requireTerminal(terminal && !detach)
  const room = openContainerRoom(processHost(), root)
  const { id } = await create(room, image, command, flags, detach, root)
  const { isolation = flags.runtime, detachKeys } = flags
  const common = isolation === undefined ? {} : { isolation }
  try {
    if (detach) {
      const { client, notes } = await startContainer(room, id, { output: false, stdin: false, ...common })
      printNotes(notes)
      client.close()
      process.stdout.write(`${id}\n`)
      return exitCodes.done
    }
    const session = new AttachSession({ stdin, terminal, detachKeys, signalProxy: flags.sigProxy, isWanted })
    const { size } = session
    const wishes = { output: true, stdin, ...common, ...(size === undefined ? {} : { size }) }
    session.keepSignals()
    try {
      const { client, ended, notes } = await startContainer(room, id, wishes, session.listener)
      printNotes(notes)
      const end = await session.follow(client, ended())
      return end.kind === 'ended' ? end.exitCode : exitCodes.done
    } finally {
      session.release()
    }
  } catch (error) {
    return failedStart(error)
  }
}

/** What could not be had goes to stderr. */
export function printNotes(notes: readonly string[]): void {
  for (const note of notes) process.stderr.write(`note: ${sanitizeForTerminal(note)}\n`)
}

/** A terminal can only be passed through where there is one. Throws `ToolError` `usage`. */
export function requireTerminal(wanted: boolean): void {
  if (!wanted || process.stdin.isTTY) return
  throw new ToolError('usage', '-t needs a terminal, but stdin is none', {
    hint: 'leave -t out, or run it in a terminal',
  })
}

/** A program that cannot be executed gives the exit code that a shell gives for it. */
export function failedStart(error: unknown): number {
  const exitCode = error instanceof ToolError ? error.details['exitCode'] : undefined
  if (typeof exitCode !== 'number') throw error
  process.stderr.write(errorText(error))
  return exitCode
}

async function create(
  room: ContainerRoom,
  image: string,
  command: readonly string[],
  flags: ContainerFlags,
  detach: boolean,
  root: string | undefined,
): Promise<CreatedContainer> {
  const { cidfile } = flags
  if (cidfile !== undefined && existsSync(cidfile)) {
    throw new ToolError('usage', `the file "${cidfile}" of --cidfile exists`, {
      hint: 'remove it, or name another; the container it tells of may still be there',
    })
  }
  const request = createRequest(image, command, flags, detach, room.host, root)
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  const reporter = plainReporter((text) => process.stderr.write(text))
  try {
    const emit = flags.quiet === true ? () => undefined : reporter.report.bind(reporter)
    const created = await createContainer(room, request, emit, abort.signal)
    printNotes(created.notes)
    if (cidfile !== undefined) writeFileSync(cidfile, created.id, { flag: 'wx' })
    return created
  } finally {
    restore()
  }
}
