import { type Command, Option } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import { addEventsCommand } from './events-command.ts'
import type { PruneFlags, SystemCheckFlags, SystemPruneFlags } from './flags.ts'
import { formatOption } from './format-option.ts'

/** Adds `system df`, `system prune`, `system check` and `builder prune`. */
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
  group
    .command('prune')
    .summary('remove what nothing needs')
    .description(
      'Removes stopped containers, unused networks, images without a name, all of the cache that no image has, and layers that nothing needs.',
    )
    .option('-a, --all', 'remove images with names too, unless a container was made of them')
    .option('--volumes', 'remove volumes without a name that no container has')
    .option('-f, --force', 'do not ask')
    .option('--dry-run', 'only print what would be removed')
    .option('--filter <key=value>', 'until=TIME: only what was made or used before', collect, [])
    .action(async (flags: SystemPruneFlags) => {
      const { runSystemPrune } = await import('./run-prune.ts')
      room.setExitCode(await runSystemPrune(flags, room.root()))
    })
  group
    .command('check')
    .summary('look for damage in the store')
    .description(
      'Reads everything in the store and compares it with its digests. Ends with 1 when something is damaged.',
    )
    .option('--repair', 'remove what is damaged, so that it is made or fetched again')
    .option('--quick', 'look whether all is there, and read no layers and large blobs')
    .addOption(new Option('--format <format>', 'of the findings').choices(['text', 'json']).default('text'))
    .action(async (flags: SystemCheckFlags) => {
      const { runSystemCheck } = await import('./run-system-check.ts')
      room.setExitCode(await runSystemCheck(flags, room.root()))
    })
  addEventsCommand(group, room)
  addBuilderCommands(program, room)
}

function addBuilderCommands(program: Command, room: CommandRoom): void {
  program
    .command('builder')
    .summary('commands about the build cache')
    .description('Commands about the build cache.')
    .command('prune')
    .summary('remove what builds left in the cache')
    .description(
      'Removes results of build steps that no image has, failed steps that were kept, fetched files, cache mounts and memories of old builds; with a size, those worth least for their bytes first.',
    )
    .option(
      '-a, --all',
      'also results that images have (their steps run again in the next build), compressed copies, and the last build of each project',
    )
    .option('-f, --force', 'do not ask')
    .option('--dry-run', 'only print what would be removed, and why')
    .option(
      '--filter <key=value>',
      'until=TIME: only what was last used before; type=step|failed|fetched|mount|copy|log',
      collect,
      [],
    )
    .option('--keep-storage <size>', 'remove only as much as it takes to keep within this size: 10GB')
    .action(async (flags: PruneFlags) => {
      const { runBuilderPrune } = await import('./run-prune.ts')
      room.setExitCode(await runBuilderPrune(flags, room.root()))
    })
}
