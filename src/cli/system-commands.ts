import type { Command } from 'commander'
import type { CommandRoom } from './command-room.ts'
import { formatOption } from './format-option.ts'

/** Adds `system df`. */
export function addSystemCommands(program: Command, room: CommandRoom): void {
  const group = program.command('system').summary('commands about the store').description('Commands about the store.')
  group
    .command('df')
    .summary('show what the store holds')
    .description('Shows how much images and results of build steps take, and what removing them would free.')
    .addOption(formatOption('Type, TotalCount, Active, Size, Reclaimable'))
    .action(async (flags: { readonly format?: string }) => {
      const { runSystemDf } = await import('./run-system-df.ts')
      room.setExitCode(runSystemDf(flags.format, room.root()))
    })
}
