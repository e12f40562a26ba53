import { writeSync } from 'node:fs'
import { assertNever, ToolError } from '../base/index.ts'
import type { SandboxProcess, SandboxResult, SandboxStdio } from '../ports/index.ts'
import { explainExecFailure } from './container-command.ts'
import type { Container, Outcome } from './engine.ts'

/** What failed to be executed, for its explanation. */
export interface RefusedProgram {
  readonly container: Container
  /** As it was asked for. */
  readonly command: string
  readonly program: string
  readonly errno: number
  complain(message: string): void
}

/** The result of what ended so. Throws `ToolError` `run-failed` when it was not even made. */
export function concludeOutcome(outcome: Outcome, refused: (errno: number) => RefusedProgram): SandboxResult {
  switch (outcome.kind) {
    case 'exited':
      return { exitCode: outcome.exitCode }
    case 'not-executed': {
      const { container, command, program, errno, complain: say } = refused(outcome.errno)
      const why = explainExecFailure(container.root, command, program, errno)
      say(why.message)
      return { exitCode: why.exitCode, failure: why.message }
    }
    case 'not-made':
      throw notMade(outcome.reason)
    default:
      return assertNever(outcome)
  }
}

/** A process that ended before it began: the program is not there. */
export function finishedProcess(
  stdio: SandboxStdio,
  failure: { readonly exitCode: number; readonly message: string },
): SandboxProcess {
  const done = Promise.resolve().then(() => {
    complain(stdio, failure.message)
    return { exitCode: failure.exitCode, failure: failure.message }
  })
  return endedProcess(done)
}

/** A process that cannot be reached. */
export function endedProcess(done: Promise<SandboxResult>): SandboxProcess {
  const nothing = (): undefined => undefined
  return { done, kill: nothing, pid: nothing, resize: nothing, setFlowing: nothing }
}

/** Writes one line to the run's stderr, where the command's own complaints would be. */
export function complain(stdio: SandboxStdio, message: string): void {
  const line = `${message}\n`
  if (stdio.kind === 'capture' && stdio.complains !== false) stdio.onOutput('stderr', Buffer.from(line))
  else if (stdio.kind === 'inherit') writeSync(2, line)
}

export function notMade(reason: string, cause?: unknown): ToolError {
  return new ToolError('run-failed', `cannot start the container: ${reason}`, {
    hint: 'see `longshore doctor`, or choose another way of isolation with --isolation',
    cause,
  })
}
