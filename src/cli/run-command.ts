import { type Command, Option } from 'commander'
import { collect } from './collect.ts'
import type { RunFlags } from './flags.ts'
import type { SetExitCode } from './set-exit-code.ts'

/** Adds `longshore run`. */
export function addRunCommand(program: Command, setExitCode: SetExitCode): void {
  program
    .command('run')
    .summary('run a command in a new container')
    .description('Runs a container in the foreground and ends with its exit code. What it wrote is gone when it ends.')
    .argument('<image>', 'name or ID of an image; pulled when the store does not have it')
    .argument('[command...]', "command and arguments instead of the image's CMD")
    .option('--rm', 'remove the container when it ends (always so for now)')
    .option('-e, --env <k=v>', 'environment variable; a bare name takes it from the environment', collect, [])
    .option('-v, --volume <src:dst[:ro]>', 'directory or file of this machine to show in the container', collect, [])
    .option('-w, --workdir <dir>', 'working directory')
    .option('-u, --user <user[:group]>', 'user to run as')
    .option('--entrypoint <command>', "command instead of the image's ENTRYPOINT")
    .option('--name <name>', 'name of the container')
    .option('-i, --interactive', 'connect stdin')
    .option('-t, --tty', 'give it a terminal')
    .addOption(
      new Option('--network <mode>', 'network: that of this machine, or none')
        .choices(['host', 'none'])
        .default('host'),
    )
    .addOption(
      new Option('--isolation <name>', 'what runs it (default: the first that works)').choices([
        'crun',
        'runc',
        'builtin',
      ]),
    )
    .passThroughOptions()
    .action(async (image: string, command: readonly string[], flags: RunFlags) => {
      const { runRun } = await import('./run-run.ts')
      setExitCode(await runRun(image, command, flags, program.opts<{ root?: string }>().root))
    })
}
