import { type Command, Option } from 'commander'
import type { CommandRoom } from './command-room.ts'
import type { PushFlags } from './flags.ts'
import { platformOption } from './platform-option.ts'
import { addCompressionFlags, addRegistryFlags } from './registry-flags.ts'

/** Adds `push`. */
export function addPushCommand(parent: Command, room: CommandRoom): void {
  const command = parent
    .command('push')
    .summary('send an image to a registry')
    .description(
      'Sends an image of the store to a registry. Layers that were pulled go on as they came; others are compressed while they are sent. A name with images of several platforms is sent as an index of them. Prints the digest of the manifest or index.',
    )
    .argument('<image>', 'name, ID or beginning of an ID')
    .argument('[destination]', 'registry/name[:tag] to send it to (default: its name)')
    .option('-a, --all-tags', 'send every tag of the repository')
    .addOption(platformOption('of a name with several images, send only this one (default: all, with an index)'))
    .option('-q, --quiet', 'show no progress')
    .option('--digestfile <path>', 'write the digest of the manifest to a file')
    .addOption(
      new Option('--format <format>', 'media types of the manifest (default: as pulled, else oci)').choices([
        'oci',
        'docker',
      ]),
    )
  addRegistryFlags(addCompressionFlags(command)).action(
    async (image: string, destination: string | undefined, flags: PushFlags) => {
      const { runPush } = await import('./run-push.ts')
      room.setExitCode(await runPush(image, destination, flags, room.root()))
    },
  )
}
