import { type Command, Option } from 'commander'
import { addImportCommand, addLoadCommand, addSaveCommand } from './archive-commands.ts'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import type { HistoryFlags, ImageTreeFlags, PruneFlags, RemoveFlags } from './flags.ts'
import { formatOption } from './format-option.ts'
import { addImagesCommand } from './images-command.ts'
import type { InspectFlags } from './lifecycle-flags.ts'
import { addMountCommands } from './mount-commands.ts'
import { platformOption } from './platform-option.ts'
import { addPushCommand } from './push-command.ts'

/** Adds the commands about stored images: `tag`, `untag`, `rmi`, `history`, and all of them and `inspect` below `image`. */
export function addImageCommands(program: Command, room: CommandRoom): void {
  addTag(program, room)
  addUntag(program, room)
  addRemove(program, room, 'rmi')
  addHistory(program, room)
  const group = program.command('image').summary('commands about images').description('Commands about stored images.')
  addImagesCommand(group, room, 'ls')
  for (const add of [
    addPushCommand,
    addSaveCommand,
    addLoadCommand,
    addImportCommand,
    addTag,
    addUntag,
    addInspect,
    addHistory,
    addPrune,
    addTree,
    addDiff,
    addMountCommands,
  ])
    add(group, room)
  addRemove(group, room, 'rm')
}

function addTag(parent: Command, room: CommandRoom): void {
  parent
    .command('tag')
    .summary('give an image another name')
    .description('Gives an image another name, which no other image has then.')
    .argument('<source>', 'name, ID or beginning of an ID')
    .argument('<target>', 'name[:tag]')
    .action(async (source: string, target: string) => {
      const { tagImage } = await import('../engine/tag-image.ts')
      const { processHost } = await import('./process-host.ts')
      tagImage(processHost(), room.root(), source, target)
    })
}

function addUntag(parent: Command, room: CommandRoom): void {
  parent
    .command('untag')
    .summary('take names off an image')
    .description('Takes names off an image, all of them when none is given. The image stays.')
    .argument('<image>', 'name, ID or beginning of an ID')
    .argument('[name...]', 'names to take off')
    .action(async (image: string, names: readonly string[]) => {
      const { untagImage } = await import('../engine/tag-image.ts')
      const { processHost } = await import('./process-host.ts')
      untagImage(processHost(), room.root(), image, names)
    })
}

function addRemove(parent: Command, room: CommandRoom, name: 'rm' | 'rmi'): void {
  parent
    .command(name)
    .summary('remove images')
    .description('Takes names off, and removes images that have none left, with the layers that nothing else needs.')
    .argument('<image...>', 'names, IDs or beginnings of IDs')
    .option('-f, --force', 'by ID, remove an image with names in several repositories; let images that are missing be')
    .addOption(platformOption('of names with several images, remove only this one'))
    .action(async (images: readonly string[], flags: RemoveFlags) => {
      const { runRmi } = await import('./run-rmi.ts')
      room.setExitCode(await runRmi(images, flags, room.root()))
    })
}

function addInspect(parent: Command, room: CommandRoom): void {
  parent
    .command('inspect')
    .summary('show all that is known of images')
    .description('Prints images as a JSON array, in the fields of docker.')
    .argument('<image...>', 'names, IDs or beginnings of IDs')
    .option('-f, --format <format>', "json, or a template: '{{.Id}}', '{{json .Config}}', '{{index .RepoTags 0}}'")
    .addOption(platformOption('image of a name that has several (default: this machine)'))
    .action(async (images: readonly string[], flags: Pick<InspectFlags, 'format' | 'platform'>) => {
      const { runInspect } = await import('./run-inspect.ts')
      room.setExitCode(await runInspect(images, { type: 'image', ...flags }, room.root()))
    })
}

function addHistory(parent: Command, room: CommandRoom): void {
  parent
    .command('history')
    .summary('show how an image was made')
    .description('Shows the instructions that made an image, the last first.')
    .argument('<image>', 'name, ID or beginning of an ID')
    .option('-q, --quiet', 'print only IDs')
    .option(
      '-H, --human [boolean]',
      'sizes and times for people; -H=false prints bytes and whole times',
      // Commander leaves the equals sign after a short flag to us.
      (value) => value.replace(/^=/, ''),
      'true',
    )
    .option('--no-trunc', 'print whole IDs and commands')
    .addOption(platformOption('image of a name that has several (default: this machine)'))
    .addOption(formatOption('ID, CreatedSince, CreatedAt, CreatedBy, Size, Comment'))
    .action(async (image: string, flags: HistoryFlags) => {
      const { runHistory } = await import('./run-history.ts')
      room.setExitCode(runHistory(image, flags, room.root()))
    })
}

function addPrune(parent: Command, room: CommandRoom): void {
  parent
    .command('prune')
    .summary('remove images without a name')
    .description('Removes images without a name, and layers that nothing needs. Results of build steps stay.')
    .option('-a, --all', 'remove images with names too')
    .option('-f, --force', 'do not ask')
    .option('--dry-run', 'only print what would be removed')
    .option('--filter <key=value>', 'label[!]=K[=V], until=TIME; may be repeated', collect, [])
    .action(async (flags: PruneFlags) => {
      const { runImagePrune } = await import('./run-image-prune.ts')
      room.setExitCode(await runImagePrune(flags, room.root()))
    })
}

function addTree(parent: Command, room: CommandRoom): void {
  const command = parent
    .command('tree')
    .summary('show what each layer of an image does')
    .description(
      'Shows the layers of an image, which files each adds (A), changes (C) and deletes (D), and the bytes that nobody sees.',
    )
    .argument('<image>', 'name, ID or beginning of an ID')
  addTreeFlags(command, 'the image').action(async (image: string, flags: ImageTreeFlags) => {
    const { runImageTree } = await import('./run-image-tree.ts')
    room.setExitCode(await runImageTree(image, flags, room.root()))
  })
}

function addDiff(parent: Command, room: CommandRoom): void {
  const command = parent
    .command('diff')
    .summary('show how the files of two images differ')
    .description(
      'Lists the paths that the second image has more (A), has otherwise (C) or lacks (D). Times are not looked at.',
    )
    .argument('<first>', 'name, ID or beginning of an ID')
    .argument('<second>', 'name, ID or beginning of an ID')
  addTreeFlags(command, 'the second image').action(async (first: string, second: string, flags: ImageTreeFlags) => {
    const { runImageDiff } = await import('./run-image-tree.ts')
    room.setExitCode(await runImageDiff([first, second], flags, room.root()))
  })
}

function addTreeFlags(command: Command, what: string): Command {
  return command
    .option('-a, --all', 'list every file, also of directories that are new or gone as a whole')
    .option('--max-size <size>', `end with 1 when ${what} is larger: 200MB`)
    .option('--max-wasted <size>', `end with 1 when ${what} wastes more: 10MB, or a share of its size: 5%`)
    .addOption(new Option('--format <format>', 'of the result').choices(['text', 'json']).default('text'))
}
