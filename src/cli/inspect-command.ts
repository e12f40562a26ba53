import { type Command, Option } from 'commander'
import type { CommandRoom } from './command-room.ts'
import type { InspectFlags } from './lifecycle-flags.ts'
import { platformOption } from './platform-option.ts'

/** Adds `inspect`, of containers and images, or of containers alone. */
export function addInspectCommand(parent: Command, room: CommandRoom, type: 'any' | 'container' = 'any'): void {
  const what = type === 'any' ? 'containers or images' : 'containers'
  const command = parent
    .command('inspect')
    .summary(`show all that is known of ${what}`)
    .description(`Prints ${what} as a JSON array, in the fields of docker.`)
    .argument('<name...>', 'names, IDs or beginnings of IDs')
    .option('-f, --format <format>', "json, or a template: '{{.Id}}', '{{json .Config}}', '{{.State.Status}}'")
    .option('-s, --size', 'tell how much a container has written')
  const chosen = new Option('--type <kind>', 'container or image').choices(['container', 'image', 'any']).default('any')
  if (type === 'any') {
    command.addOption(chosen)
    command.addOption(platformOption('image of a name that has several (default: this machine)'))
  }
  command.action(async (names: readonly string[], flags: Partial<InspectFlags>) => {
    const { runInspect } = await import('./run-inspect.ts')
    room.setExitCode(await runInspect(names, { type, ...flags }, room.root()))
  })
}
