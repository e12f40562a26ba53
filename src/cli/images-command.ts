import type { Command } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import type { ImagesFlags } from './flags.ts'
import { formatOption } from './format-option.ts'

/** Adds `images`, or `image ls` when `name` says so. */
export function addImagesCommand(parent: Command, room: CommandRoom, name = 'images'): void {
  const command = parent
    .command(name)
    .summary('list images')
    .description('Lists the images of the store, one line for each image of a name.')
    .argument('[name]', 'show only images of this repository')
    .option('-a, --all', 'show images without a name too')
    .option('-q, --quiet', 'print only IDs')
    .option('--digests', 'show the digests that images were pulled by')
    .option('--no-trunc', 'print whole IDs')
    .option(
      '-f, --filter <key=value>',
      'dangling=true|false, label[!]=K[=V], reference=PATTERN, before=, since=IMAGE, until=TIME; may be repeated',
      collect,
      [],
    )
    .addOption(formatOption('Repository, Tag, ID, Digest, Platform, CreatedSince, CreatedAt, Size'))
    .action(async (image: string | undefined, flags: ImagesFlags) => {
      const { runImages } = await import('./run-images.ts')
      room.setExitCode(runImages(image, flags, room.root()))
    })
  if (name === 'ls') command.alias('list')
}
