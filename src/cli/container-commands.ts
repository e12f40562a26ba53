import type { Command } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import { addExecCommands } from './exec-command.ts'
import { addFileCommands } from './file-commands.ts'
import { addInspectCommand } from './inspect-command.ts'
import { addLifecycleCommands } from './lifecycle-commands.ts'
import { addLogsCommand } from './logs-command.ts'
import { addPsCommand } from './ps-command.ts'
import { addCreateCommand, addRunCommand } from './run-command.ts'
import { addStatsCommand } from './stats-command.ts'
import { addVolumeCommands } from './volume-commands.ts'

/** Adds the commands about containers, all of them below `container` too, and those about volumes. */
export function addContainerCommands(program: Command, room: CommandRoom): void {
  addRunCommand(program, room)
  addPsCommand(program, room)
  addInspectCommand(program, room)
  addAll(program, room)
  addVolumeCommands(program, room)
  const group = program
    .command('container')
    .summary('commands about containers')
    .description('Commands about containers.')
  addPsCommand(group, room, 'ls')
  addRunCommand(group, room)
  addInspectCommand(group, room, 'container')
  addAll(group, room)
  addPrune(group, room)
}

function addAll(parent: Command, room: CommandRoom): void {
  addLogsCommand(parent, room)
  addExecCommands(parent, room)
  addCreateCommand(parent, room)
  addFileCommands(parent, room)
  addLifecycleCommands(parent, room)
  addStatsCommand(parent, room)
}

function addPrune(parent: Command, room: CommandRoom): void {
  parent
    .command('prune')
    .summary('remove containers that do not run')
    .description('Removes all containers that do not run.')
    .option('-f, --force', 'do not ask')
    .option('--filter <key=value>', 'label[!]=K[=V], until=TIME; may be repeated', collect, [])
    .action(async (flags: { readonly force?: boolean; readonly filter: readonly string[] }) => {
      const { runContainerPrune } = await import('./run-container-prune.ts')
      room.setExitCode(await runContainerPrune(flags, room.root()))
    })
}
