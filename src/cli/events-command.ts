import type { Command } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import type { EventsFlags } from './lifecycle-flags.ts'

/** Adds `events`. */
export function addEventsCommand(parent: Command, room: CommandRoom): void {
  parent
    .command('events')
    .summary('show what happens to containers, images, volumes and networks')
    .description(
      'Shows what happens to containers, images, volumes and networks, until it is interrupted; with --since also what happened. ' +
        'The last ten thousand events or so are kept.',
    )
    .option('--since <time>', 'from then on: RFC 3339, seconds since 1970, or a time ago as 10m')
    .option('--until <time>', 'until then')
    .option(
      '-f, --filter <key=value>',
      'type, event, container, image, network, volume, label=K[=V]; may be repeated',
      collect,
      [],
    )
    .option(
      '--format <format>',
      "json (one object a line), or a template: '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}' (Type, Action, Status, ID, From, Actor.ID, Actor.Attributes, Time, TimeNano, Scope)",
    )
    .action(async (flags: EventsFlags) => {
      const { runEvents } = await import('./run-events.ts')
      room.setExitCode(await runEvents(flags, room.root()))
    })
}
