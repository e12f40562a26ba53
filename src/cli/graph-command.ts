import { type Command, Option } from 'commander'
import type { CommandRoom } from './command-room.ts'
import type { GraphFlags } from './flags.ts'
import { addProjectOptions } from './why-command.ts'

/** Adds `longshore graph`. */
export function addGraphCommand(program: Command, room: CommandRoom): void {
  addProjectOptions(
    program
      .command('graph')
      .summary('draw the steps of a build')
      .description(
        'Draws which steps need which, what is remembered of them, and their times and sizes, as one file that needs nothing else. With -f of a bake file: its targets; with an IMAGE: its layers. Runs nothing.',
      )
      .argument('[image|target...]', 'an image of the store; with a bake file, the targets to draw'),
    '-f, --file <path>',
  )
    .addOption(
      new Option('--format <format>', 'svg, html, json or dot (default: by the name of the file, else svg)').choices([
        'svg',
        'html',
        'json',
        'dot',
      ]),
    )
    .option('-o, --output <path>', 'file to write (default: standard output)')
    .action(async (names: readonly string[], flags: GraphFlags) => {
      const { runGraph } = await import('./run-graph.ts')
      room.setExitCode(await runGraph(names, flags, room.root()))
    })
}
