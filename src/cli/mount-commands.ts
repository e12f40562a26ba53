import type { Command } from 'commander'
import type { CommandRoom } from './command-room.ts'

/** Adds `mount` and `umount` of images. */
export function addMountCommands(parent: Command, room: CommandRoom): void {
  parent
    .command('mount')
    .summary('show the files of images in a directory')
    .description(
      'Mounts images read-only and prints where, or lists what is mounted. An ordinary user does so in longshore unshare.',
    )
    .argument('[image...]', 'names, IDs or beginnings of IDs')
    .action(async (images: readonly string[]) => {
      const { runMount } = await import('./run-mount.ts')
      room.setExitCode(await runMount(images, room.root()))
    })
  parent
    .command('umount')
    .alias('unmount')
    .summary('unmount images')
    .description('Unmounts images, and prints their IDs.')
    .argument('[image...]', 'names, IDs or beginnings of IDs')
    .option('-a, --all', 'all that are mounted')
    .action(async (images: readonly string[], flags: { readonly all?: boolean }) => {
      const { runUnmount } = await import('./run-mount.ts')
      room.setExitCode(runUnmount(images, flags.all === true, room.root()))
    })
}

/** Adds `unshare`. */
export function addUnshareCommand(parent: Command, room: CommandRoom): void {
  parent
    .command('unshare')
    .summary('run a shell where an ordinary user may mount images')
    .description(
      'Runs a command, or a shell, in the namespace that builds of this user run in: as its root, with mounts of its own.',
    )
    .argument('[command...]', 'what to run (default: $SHELL)')
    .passThroughOptions()
    .action(async (command: readonly string[]) => {
      const { runUnshare } = await import('./run-mount.ts')
      room.setExitCode(await runUnshare(command, room.root()))
    })
}
