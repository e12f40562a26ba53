import { type Command, Option } from 'commander'
import { collect } from './collect.ts'
import type { CheckFlags } from './flags.ts'
import type { SetExitCode } from './set-exit-code.ts'

/** Adds `longshore check`. */
export function addCheckCommand(program: Command, setExitCode: SetExitCode): void {
  program
    .command('check')
    .summary('look for mistakes in Dockerfiles')
    .description(
      'Checks Dockerfiles by every rule, without building, network or root. Ends with 1 when a rule is broken, with 125 when a file cannot be built.',
    )
    .argument('[paths...]', 'Dockerfiles, or directories that have one', ['.'])
    .option('-f, --file <path>', 'the Dockerfile (default: Dockerfile in the directory)')
    .option('--build-arg <k=v>', 'value of an ARG; a bare name takes it from the environment', collect, [])
    .option('--target <stage>', 'check only what this stage needs (default: all stages)')
    .option('--fix', 'mend what can be mended without changing the image')
    .addOption(
      new Option('--format <format>', 'how to print what was found')
        .choices(['text', 'json', 'github', 'sarif'])
        .default('text'),
    )
    .action(async (paths: readonly string[], flags: CheckFlags) => {
      const { runCheck } = await import('./run-check.ts')
      setExitCode(await runCheck(paths, flags, program.opts<{ root?: string }>().root))
    })
}
