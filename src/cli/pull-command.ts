import { type Command, Option } from 'commander'
import type { RegistryFlags } from './flags.ts'
import { addRegistryFlags } from './registry-flags.ts'
import type { SetExitCode } from './set-exit-code.ts'

interface PullFlags extends RegistryFlags {
  readonly quiet?: boolean
  readonly platform?: string
}

/** Adds `longshore pull`. */
export function addPullCommand(program: Command, setExitCode: SetExitCode): void {
  const command = program
    .command('pull')
    .summary('fetch an image from a registry')
    .description('Fetches an image from a registry into the store. Prints the image ID.')
    .argument('<image>', 'name[:tag] or name@digest; without a registry, docker.io is meant')
    .option('-q, --quiet', 'show no progress')
    .addOption(
      new Option('--platform <os/arch>', 'platform to choose from a multi-platform image (default: this machine)'),
    )
  addRegistryFlags(command).action(async (image: string, flags: PullFlags) => {
    const { runPull } = await import('./run-pull.ts')
    setExitCode(await runPull(image, flags, program.opts<{ root?: string }>().root))
  })
}
