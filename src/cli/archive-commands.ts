import { type Command, Option } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import type { ImportFlags, LoadFlags, SaveFlags } from './flags.ts'
import { platformOption } from './platform-option.ts'
import { addCompressionFlags } from './registry-flags.ts'

/** Adds `save`. */
export function addSaveCommand(parent: Command, room: CommandRoom): void {
  const command = parent
    .command('save')
    .summary('write images to an archive')
    .description('Writes images of the store to an archive or directory that docker, podman, skopeo and load take.')
    .argument('<image...>', 'names, IDs or beginnings of IDs; what is named keeps its name')
    .option('-o, --output <path>', 'file or directory to write to (default: standard output)', '-')
    .addOption(
      new Option('--format <format>', 'of the archive')
        .choices(['docker-archive', 'oci-archive', 'oci-dir', 'docker-dir'])
        .default('docker-archive'),
    )
    .addOption(platformOption('of names with several images, write only this one (default: all)'))
    .option('-q, --quiet', 'show no progress')
  addCompressionFlags(command).action(async (images: readonly string[], flags: SaveFlags) => {
    const { runSave } = await import('./run-archive.ts')
    room.setExitCode(await runSave(images, flags, room.root()))
  })
}

/** Adds `load`. */
export function addLoadCommand(parent: Command, room: CommandRoom): void {
  parent
    .command('load')
    .summary('read images from an archive')
    .description('Reads the images of a docker or OCI archive, compressed or not, or of a directory into the store.')
    .option('-i, --input <path>', 'file or directory to read (default: standard input)')
    .addOption(platformOption('platform to take of a multi-platform image (default: all that the archive has)'))
    .option('--no-replace', 'let names that other images have stay with them')
    .option('-q, --quiet', 'show no progress')
    .action(async (flags: LoadFlags) => {
      const { runLoad } = await import('./run-archive.ts')
      room.setExitCode(await runLoad(flags, room.root()))
    })
}

/** Adds `import`. */
export function addImportCommand(parent: Command, room: CommandRoom): void {
  parent
    .command('import')
    .summary('make an image of a root filesystem')
    .description('Makes an image of one layer out of a tar of a root filesystem, compressed or not. Prints its ID.')
    .argument('<file>', 'tar to read, or - for standard input')
    .argument('[name]', 'name[:tag] of the image')
    .option('-m, --message <text>', 'comment for the history')
    .option(
      '-c, --change <instruction>',
      'Dockerfile instruction that changes its config; may be repeated',
      collect,
      [],
    )
    .addOption(platformOption('platform the files are for (default: this machine)'))
    .option('-q, --quiet', 'show no progress')
    .action(async (file: string, name: string | undefined, flags: ImportFlags) => {
      const { runImport } = await import('./run-archive.ts')
      room.setExitCode(await runImport(file, name, flags, room.root()))
    })
}
