import type { SetExitCode } from './set-exit-code.ts'

/** What a command needs of the program around it. */
export interface CommandRoom {
  readonly setExitCode: SetExitCode
  /** `--root`, which stands before the command. */
  root(): string | undefined
}
