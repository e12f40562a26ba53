import type { Command } from 'commander'
import { collect, positiveInteger } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import { formatOption } from './format-option.ts'
import type { PsFlags } from './lifecycle-flags.ts'

/** Adds `ps`, or `container ls` when `name` says so. */
export function addPsCommand(parent: Command, room: CommandRoom, name = 'ps'): void {
  const command = parent
    .command(name)
    .summary('list containers')
    .description('Lists the containers that run.')
    .option('-a, --all', 'show those that do not run too')
    .option('-q, --quiet', 'print only IDs')
    .option('-s, --size', 'show how much each has written')
    .option('--no-trunc', 'print whole IDs and commands')
    .option('-n, --last <count>', 'the newest so many, whether they run or not', positiveInteger)
    .option('-l, --latest', 'the newest one, whether it runs or not')
    .option(
      '-f, --filter <key=value>',
      'id, name, label[!]=K[=V], status, exited, ancestor, before, since, volume, network, health; may be repeated',
      collect,
      [],
    )
    .addOption(
      formatOption(
        'ID, Names, Image, Command, CreatedAt, RunningFor, Status, State, Ports, Size, Labels, Mounts, Networks',
      ),
    )
    .action(async (flags: PsFlags) => {
      const { runPs } = await import('./run-ps.ts')
      room.setExitCode(runPs(flags, room.root()))
    })
  if (name === 'ls') command.aliases(['list', 'ps'])
}
