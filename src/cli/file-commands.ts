import type { Command } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import type { CommitFlags, CopyFlags } from './lifecycle-flags.ts'
import { booleanValue } from './run-command.ts'

/** Adds `diff`, `cp`, `export`, `commit`. */
export function addFileCommands(parent: Command, room: CommandRoom): void {
  parent
    .command('diff')
    .summary('show what a container has changed')
    .description('Lists the paths that a container has added (A), changed (C) and deleted (D).')
    .argument('<container>', 'name, ID or beginning of an ID')
    .action(async (container: string) => {
      const { runDiff } = await import('./run-files.ts')
      room.setExitCode(await runDiff(container, room.root()))
    })
  parent
    .command('cp')
    .summary('copy files from or to a container')
    .description('Copies files between a container, running or not, and this machine. - is a tar on stdin or stdout.')
    .argument('<source>', 'CONTAINER:PATH, a path, or -')
    .argument('<destination>', 'a path or -, or CONTAINER:PATH')
    .option('-a, --archive', 'keep the owners of files')
    .option('-L, --follow-link', 'follow a source that is a symlink')
    .option('-q, --quiet', 'accepted; nothing is told anyway')
    .action(async (source: string, destination: string, flags: CopyFlags) => {
      const { runCopy } = await import('./run-files.ts')
      room.setExitCode(await runCopy(source, destination, flags, room.root()))
    })
  parent
    .command('export')
    .summary('write the files of a container as a tar')
    .description('Writes the root filesystem of a container as a tar.')
    .argument('<container>', 'name, ID or beginning of an ID')
    .option('-o, --output <file>', 'write to a file instead of stdout')
    .action(async (container: string, flags: { readonly output?: string }) => {
      const { runExport } = await import('./run-files.ts')
      room.setExitCode(await runExport(container, flags.output, room.root()))
    })
  parent
    .command('commit')
    .summary('make an image of a container')
    .description('Makes an image of what a container has written, and prints its ID.')
    .argument('<container>', 'name, ID or beginning of an ID')
    .argument('[name]', 'name[:tag] of the image')
    .option('-a, --author <text>', 'who made it')
    .option('-m, --message <text>', 'what it is')
    .option('-c, --change <instruction>', 'Dockerfile instruction that changes its config', collect, [])
    .option('-p, --pause [boolean]', 'pause the container meanwhile', booleanValue, true)
    .action(async (container: string, name: string | undefined, flags: CommitFlags) => {
      const { runCommit } = await import('./run-files.ts')
      room.setExitCode(await runCommit(container, name, flags, room.root()))
    })
}
