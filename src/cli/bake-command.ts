import type { Command } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import type { BakeFlags } from './flags.ts'
import { formatOption } from './format-option.ts'

/** Adds `longshore bake`. */
export function addBakeCommand(program: Command, room: CommandRoom): void {
  program
    .command('bake')
    .summary('build the targets of a bake file')
    .description(
      'Builds what docker-bake.hcl, docker-bake.json or the build: sections of a compose file describe. Prints the image ID of each target.',
    )
    .argument('[target...]', 'targets and groups to build (default: default)')
    .option(
      '-f, --file <path>',
      'bake file; may be repeated, later ones come before earlier ones; - for stdin (default: those of the usual names)',
      collect,
      [],
    )
    .option('--set <override>', 'TARGET.KEY=VALUE in place of what the files say; may be repeated', collect, [])
    .option('--var <name=value>', 'value of a variable; may be repeated', collect, [])
    .option('--print', 'print what would be built, as JSON, and build nothing')
    .option('--list <what>', 'list targets or variables')
    .addOption(formatOption('.Name .Description; .Type .Value of variables'))
    .action(async (targets: readonly string[], flags: BakeFlags) => {
      const { runBake } = await import('./run-bake.ts')
      room.setExitCode(await runBake(targets, flags, room.root()))
    })
}
