import { type Command, InvalidArgumentError } from 'commander'
import type { CommandRoom } from './command-room.ts'
import type { LogsFlags } from './lifecycle-flags.ts'
import { addProjectOptions } from './why-command.ts'

/** Adds `logs`: the output of containers, and with --build that of build steps. */
export function addLogsCommand(parent: Command, room: CommandRoom): void {
  const command = parent
    .command('logs')
    .summary('show the output of containers, or replay that of build steps')
    .description(
      'Prints what a container wrote. With --build it prints the whole output of a build step as it was written, of cached steps ' +
        'and failed ones too.',
    )
    .argument(
      '[name...]',
      'containers; with --build a line of the Dockerfile or a part of its text (default: every step)',
    )
    .option('-f, --follow', 'go on until the container ends')
    .option('-n, --tail <lines>', 'only the last lines, or all', tailValue, 'all')
    .option('--since <time>', 'only from then on: RFC 3339, seconds since 1970, or a time ago as 10m')
    .option('--until <time>', 'only until then')
    .option('-t, --timestamps', 'show when each line was written')
    .option('--build', 'output of build steps')
  addProjectOptions(command, '--file <path>').action(async (names: readonly string[], flags: LogsFlags) => {
    const { runLogs } = await import('./run-logs.ts')
    room.setExitCode(await runLogs(names, flags, room.root()))
  })
}

function tailValue(value: string): number | 'all' {
  if (value === 'all' || value === '-1') return 'all'
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('expected a number of lines, or all.')
  return number
}
