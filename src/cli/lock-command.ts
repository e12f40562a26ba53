import type { Command } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import type { LockFlags } from './flags.ts'
import { addRegistryFlags } from './registry-flags.ts'

/** Adds `longshore lock`. */
export function addLockCommand(program: Command, room: CommandRoom): void {
  const command = program
    .command('lock')
    .summary('write down what images and addresses mean now')
    .description(
      'Writes longshore.lock: digests of base images for each platform, checksums of the files that ADD fetches, commits of git repositories. "longshore build --locked" then uses just these, and refuses what is not in the file.',
    )
    .argument('[context]', 'directory with the files that COPY and ADD can take', '.')
    .option('-f, --file <path>', 'the Dockerfile (default: Dockerfile in the context)')
    .option('--build-arg <k=v>', 'value of an ARG, as given to the build', collect, [])
    .option('--build-context <name=value>', 'named context, as given to the build', collect, [])
    .option('--lockfile <path>', 'the file to write (default: longshore.lock in the context)')
  addRegistryFlags(command).action(async (context: string, flags: LockFlags) => {
    const { runLock } = await import('./run-lock.ts')
    room.setExitCode(await runLock(context, flags, room.root()))
  })
}
