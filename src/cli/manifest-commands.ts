import { type Command, Option } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import type { CreateListFlags, ManifestPushFlags, MemberFlags, RegistryFlags } from './flags.ts'
import { formatOption } from './format-option.ts'
import { addCompressionFlags, addRegistryFlags } from './registry-flags.ts'

const member = 'name by which it was added, image ID, or digest of its manifest'

/** Adds `manifest` and its commands: lists of images for several platforms, put together by hand. */
export function addManifestCommands(program: Command, room: CommandRoom): void {
  const group = program
    .command('manifest')
    .summary('put multi-platform images together')
    .description(
      'Commands about lists of images for several platforms. `build --platform a,b` makes such a list by itself.',
    )
  addCreate(group, room)
  addAdd(group, room)
  addAnnotate(group, room)
  addPush(group, room)
  addInspect(group, room)
  addRemovals(group, room)
}

function addCreate(group: Command, room: CommandRoom): void {
  const command = group
    .command('create')
    .summary('make a list')
    .description(
      'Makes a list of images: of the store, or of a registry, where they stay. docker:// in front of a name means the registry.',
    )
    .argument('<list>', 'name[:tag] of the list')
    .argument('[image...]', 'images to put into it')
    .option('-a, --amend', 'add to a list that is there')
    .option('--all', 'of images that are lists themselves, take all')
    .option('--annotation <k=v>', 'annotation of the list; may be repeated', collect, [])
  addInsecure(command).action(async (list: string, images: readonly string[], flags: CreateListFlags) => {
    const { runManifestCreate } = await import('./run-manifest.ts')
    room.setExitCode(await runManifestCreate(list, images, flags, room.root()))
  })
}

function addAdd(group: Command, room: CommandRoom): void {
  const command = group
    .command('add')
    .summary('add an image to a list')
    .description(
      'Adds an image to a list; one that was added by the same name goes. Prints the digest of its manifest.',
    )
    .argument('<list>', 'name of the list')
    .argument('<image>', 'image of the store or, when it is not there, of a registry')
    .option('--all', 'of an image that is a list itself, take all')
  addInsecure(addMemberFlags(command)).action(async (list: string, image: string, flags: MemberFlags) => {
    const { runManifestAdd } = await import('./run-manifest.ts')
    room.setExitCode(await runManifestAdd(list, image, flags, room.root()))
  })
}

function addAnnotate(group: Command, room: CommandRoom): void {
  const command = group
    .command('annotate')
    .summary('change what a list says of an image')
    .description('Changes what a list says of one of its images. The image stays as it is.')
    .argument('<list>', 'name of the list')
    .argument('<image>', member)
  addMemberFlags(command).action(async (list: string, image: string, flags: MemberFlags) => {
    const { runManifestAnnotate } = await import('./run-manifest.ts')
    room.setExitCode(await runManifestAnnotate(list, image, flags, room.root()))
  })
}

function addPush(group: Command, room: CommandRoom): void {
  const command = group
    .command('push')
    .summary('send a list and its images to a registry')
    .description(
      'Sends the images of a list and the list to a registry; what is in a registry is copied from there. Prints the digest of the list.',
    )
    .argument('<list>', 'name of the list')
    .argument('[destination]', 'registry/name[:tag] to send it to (default: its name)')
    .option('-p, --purge', 'remove the list when it has been sent')
    .addOption(new Option('--rm', 'the same').hideHelp())
    .addOption(new Option('--all', 'all images are sent always').hideHelp())
    .option('-q, --quiet', 'show no progress')
    .option('--digestfile <path>', 'write the digest of the list to a file')
    .addOption(
      new Option('-f, --format <format>', 'media types (default: as pulled, else oci)').choices([
        'oci',
        'docker',
        'v2s2',
      ]),
    )
  addInsecure(addCompressionFlags(command)).action(
    async (list: string, destination: string | undefined, flags: ManifestPushFlags) => {
      const { runManifestPush } = await import('./run-manifest.ts')
      room.setExitCode(await runManifestPush(list, destination, flags, room.root()))
    },
  )
}

function addInspect(group: Command, room: CommandRoom): void {
  const command = group
    .command('inspect')
    .summary('show a list or a manifest')
    .description(
      'Prints a list of the store as it will be pushed, else the manifest or list that a registry has, as JSON.',
    )
    .argument('<name>', 'list, or image; docker:// in front of it means the registry')
  addInsecure(command).action(async (name: string, flags: RegistryFlags) => {
    const { runManifestInspect } = await import('./run-manifest.ts')
    room.setExitCode(await runManifestInspect(name, flags, room.root()))
  })
}

function addRemovals(group: Command, room: CommandRoom): void {
  group
    .command('remove')
    .summary('take an image off a list')
    .description('Takes an image off a list. The image stays.')
    .argument('<list>', 'name of the list')
    .argument('<image>', member)
    .action(async (list: string, image: string) => {
      const { runManifestRemove } = await import('./run-manifest.ts')
      room.setExitCode(await runManifestRemove(list, image, room.root()))
    })
  group
    .command('rm')
    .summary('remove lists')
    .description('Removes lists. Their images stay.')
    .argument('<list...>', 'names of lists')
    .action(async (lists: readonly string[]) => {
      const { runManifestRm } = await import('./run-manifest.ts')
      room.setExitCode(runManifestRm(lists, room.root()))
    })
  group
    .command('ls')
    .summary('list the lists')
    .description('Lists the names that stand for images of several platforms.')
    .addOption(formatOption('Name, Platforms'))
    .action(async (flags: { readonly format?: string }) => {
      const { runManifestLs } = await import('./run-manifest.ts')
      room.setExitCode(runManifestLs(flags.format, room.root()))
    })
}

function addMemberFlags(command: Command): Command {
  return command
    .option('--os <name>', 'operating system that the list tells')
    .option('--arch <name>', 'processor that it tells')
    .option('--variant <name>', 'variant of the processor that it tells')
    .option('--os-version <text>', 'version of the system that it tells')
    .option('--os-features <names>', 'features of the system that it tells, with commas; may be repeated', collect, [])
    .option('--annotation <k=v>', 'annotation of the image in the list; may be repeated', collect, [])
}

/** Flags about the registry, and docker's short form of `--tls-verify=false`. */
function addInsecure(command: Command): Command {
  return addRegistryFlags(command).addOption(new Option('--insecure', 'as --tls-verify=false').hideHelp())
}
