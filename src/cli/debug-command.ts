import type { Command } from 'commander'
import type { CommandRoom } from './command-room.ts'
import type { DebugFlags } from './flags.ts'
import { formatOption } from './format-option.ts'
import { isolationOption } from './isolation-option.ts'

/** Adds `longshore debug`. */
export function addDebugCommand(program: Command, room: CommandRoom): void {
  program
    .command('debug')
    .summary('open a shell in a step that failed')
    .description(
      'Runs a shell, or a command, in a step that failed: with its files as it left them, its environment, directory, user and mounts, but no secrets. What is changed there is thrown away. Without an ID, lists the steps that are kept; each is kept until the next build of its Dockerfile and context.',
    )
    .argument('[id]', 'ID of the failed step, or its beginning')
    .argument('[command...]', 'run this instead of a shell')
    .passThroughOptions()
    .option('--rm', 'remove the step instead')
    .option('-q, --quiet', 'list IDs alone')
    .addOption(isolationOption())
    .addOption(formatOption('ID, Step, ExitCode, CreatedSince, CreatedAt, File'))
    .action(async (id: string | undefined, command: readonly string[], flags: DebugFlags) => {
      const { runDebug } = await import('./run-debug.ts')
      room.setExitCode(await runDebug(id, command, flags, room.root()))
    })
}
