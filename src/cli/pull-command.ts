import type { Command } from 'commander'
import type { PullFlags } from './flags.ts'
import { defaultPlatformOption } from './platform-option.ts'
import { addRegistryFlags } from './registry-flags.ts'
import type { SetExitCode } from './set-exit-code.ts'

/** Adds `longshore pull`. */
export function addPullCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('pull')
    .summary('fetch an image from a registry')
    .description(
      'Fetches an image from a registry into the store, beside those of other platforms that the name has. Prints the image ID.',
    )
    .argument('<image>', 'name[:tag] or name@digest; without a registry, docker.io is meant')
    .option('-q, --quiet', 'show no progress')
    .addOption(defaultPlatformOption('platform to choose from a multi-platform image (default: this machine)'))
    .option('--all-platforms', 'fetch the images of all platforms, whatever --platform says')
  addRegistryFlags(command).action(async (image: string, flags: PullFlags) => {
    const { runPull } = await import('./run-pull.ts')
    setExitCode(await runPull(image, flags, program.opts<{ root?: string }>().root))
  })
}
