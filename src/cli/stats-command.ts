import type { Command } from 'commander'
import type { CommandRoom } from './command-room.ts'
import { formatOption } from './format-option.ts'
import type { StatsFlags } from './lifecycle-flags.ts'

/** Adds `stats`. */
export function addStatsCommand(parent: Command, room: CommandRoom): void {
  parent
    .command('stats')
    .summary('show what containers use')
    .description(
      'Shows processor time, memory, traffic and processes of running containers, again and again until it is interrupted. The numbers ' +
        'are those of control groups: where this user has none, a note says so.',
    )
    .argument('[container...]', 'names, IDs or beginnings of IDs (default: all that run)')
    .option('-a, --all', 'show those that do not run too')
    .option('--no-stream', 'only once')
    .option('--no-trunc', 'print whole IDs')
    .addOption(formatOption('Container, Name, ID, CPUPerc, MemUsage, MemPerc, NetIO, BlockIO, PIDs'))
    .action(async (names: readonly string[], flags: StatsFlags) => {
      const { runStats } = await import('./run-stats.ts')
      room.setExitCode(await runStats(names, flags, room.root()))
    })
}
