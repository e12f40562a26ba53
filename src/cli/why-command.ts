import { type Command, Option } from 'commander'
import { collect } from './collect.ts'
import type { WhyFlags } from './flags.ts'
import { defaultPlatformOption } from './platform-option.ts'
import type { SetExitCode } from './set-exit-code.ts'

/** Adds `longshore why`. */
export function addWhyCommand(program: Command, setExitCode: SetExitCode): void {
  addProjectOptions(
    program
      .command('why')
      .summary('say why steps run again')
      .description(
        'Says why a build would run steps, or why the last one did: the file, variable, argument or base image that changed. Runs nothing.',
      )
      .argument('[step]', 'only this step: its line in the Dockerfile, or a part of its text'),
  )
    .option('--last', 'explain the last build, even when the next one would run something')
    .addOption(new Option('--format <format>', 'text or json').choices(['text', 'json']).default('text'))
    .action(async (step: string | undefined, flags: WhyFlags) => {
      const { runWhy } = await import('./run-why.ts')
      setExitCode(await runWhy(step, flags, program.opts<{ root?: string }>().root))
    })
}

/** Adds the flags that say which build is meant; `file` is for a command whose -f means something else. */
export function addProjectOptions(command: Command, file = '-f, --file <path>'): Command {
  return command
    .option('-C, --context <dir>', 'the build context', '.')
    .option(file, 'the Dockerfile (default: Dockerfile in the context)')
    .option('--build-arg <k=v>', 'value of an ARG, as given to the build', collect, [])
    .option('--build-context <name=value>', 'named context, as given to the build', collect, [])
    .option('--target <stage>', 'stage, as given to the build')
    .addOption(defaultPlatformOption('platforms, as given to the build').argParser(collect).default([]))
}
