import type { Command } from 'commander'
import type { LogsFlags } from './flags.ts'
import type { SetExitCode } from './set-exit-code.ts'
import { addProjectOptions } from './why-command.ts'

/** Adds `longshore logs --build`. */
export function addLogsCommand(program: Command, setExitCode: SetExitCode): void {
  addProjectOptions(
    program
      .command('logs')
      .summary('replay the output of build steps')
      .description('Prints the whole output of a build step as it was written, of cached steps and failed ones too.')
      .argument('[step]', 'its line in the Dockerfile, or a part of its text (default: every step)')
      .requiredOption('--build', 'output of build steps; containers have no logs yet'),
  ).action(async (step: string | undefined, flags: LogsFlags) => {
    const { runLogs } = await import('./run-logs.ts')
    setExitCode(await runLogs(step, flags, program.opts<{ root?: string }>().root))
  })
}
