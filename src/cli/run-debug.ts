import { sanitizeForTerminal, ToolError } from '../base/index.ts'
import { type DebugRequest, debugStep } from '../engine/debug-step.ts'
import type { Host } from '../engine/host.ts'
import { type FailedStep, listFailedSteps, removeFailedSteps } from '../engine/kept-failures.ts'
import { type Column, formatSince, formatTime, plainReporter, renderListing } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { DebugFlags } from './flags.ts'
import { processHost } from './process-host.ts'
import { shellWord } from './shell-word.ts'

const columns: readonly Column[] = [
  { field: 'ID', heading: 'ID' },
  { field: 'Step', heading: 'STEP' },
  { field: 'ExitCode', heading: 'EXIT CODE' },
  { field: 'CreatedSince', heading: 'CREATED' },
  { field: 'CreatedAt', heading: 'CREATED AT' },
  { field: 'File', heading: 'FILE' },
]

/** Runs `longshore debug`: lists, removes, or opens a shell; returns the exit code, the shell's in that case. */
export async function runDebug(
  id: string | undefined,
  command: readonly string[],
  flags: DebugFlags,
  root: string | undefined,
): Promise<number> {
  const host = processHost()
  if (id === undefined) return list(flags, host, root)
  if (flags.rm === true) {
    const removed = await removeFailedSteps(host, root, [id, ...command])
    process.stdout.write(removed.map((one) => `${one}\n`).join(''))
    return exitCodes.done
  }
  const { isolation } = flags
  return openShell(host, {
    id,
    terminal: process.stdin.isTTY && process.stdout.isTTY,
    ...(command.length === 0 ? {} : { command }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(root === undefined ? {} : { root }),
  })
}

/** Opens the shell, on the terminal where there is one; returns its exit code. */
export async function openShell(host: Host, request: DebugRequest): Promise<number> {
  const abort = new AbortController()
  const stop = (): void => abort.abort(new ToolError('canceled', 'interrupted'))
  // The shell's own terminal takes Ctrl-C.
  const signals = request.terminal ? (['SIGTERM', 'SIGHUP'] as const) : (['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  for (const signal of signals) process.on(signal, stop)
  const reporter = plainReporter((text) => process.stderr.write(text))
  const greet = (step: FailedStep): void => {
    if (request.command === undefined && request.terminal) process.stderr.write(greeting(step))
  }
  try {
    return await debugStep(request, host, (event) => reporter.report(event), abort.signal, greet)
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}

function greeting({ file, startLine, exitCode, process: { args } }: FailedStep): string {
  const lines = [
    `In the failed step of ${file}:${startLine}, as it was left (exit code ${exitCode}). Changes are thrown away.`,
    `It ran: ${args.map(shellWord).join(' ')}`,
  ]
  return lines.map((line) => `${sanitizeForTerminal(line)}\n`).join('')
}

function list(flags: DebugFlags, host: Host, root: string | undefined): number {
  if (flags.rm === true) {
    throw new ToolError('usage', 'debug --rm: which step?', { hint: 'longshore debug -q lists the IDs of all' })
  }
  const steps = listFailedSteps(host, root)
  if (flags.quiet === true) {
    process.stdout.write(steps.map(({ id }) => `${id}\n`).join(''))
    return exitCodes.done
  }
  const rows = steps.map(({ id, label, exitCode, created, file, startLine }) => ({
    ID: id,
    Step: label,
    ExitCode: String(exitCode),
    CreatedSince: formatSince(created, host.nowMs()),
    CreatedAt: formatTime(created),
    File: `${file}:${startLine}`,
  }))
  process.stdout.write(renderListing(columns, ['ID', 'Step', 'ExitCode', 'CreatedSince', 'File'], rows, flags.format))
  return exitCodes.done
}
