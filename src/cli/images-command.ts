import { type Command, Option } from 'commander'
import type { ImagesFlags } from './flags.ts'
import type { SetExitCode } from './set-exit-code.ts'

/** Adds `longshore images`. */
export function addImagesCommand(program: Command, setExitCode: SetExitCode): void {
  program
    .command('images')
    .summary('list images')
    .description('Lists the images of the store.')
    .argument('[name]', 'show only images of this repository')
    .option('-a, --all', 'show images without a name too')
    .option('-q, --quiet', 'print only IDs')
    .option('--no-trunc', 'print whole IDs')
    .addOption(new Option('--format <format>', 'table, or json: one object a line').choices(['table', 'json']))
    .action(async (name: string | undefined, flags: ImagesFlags) => {
      const { runImages } = await import('./run-images.ts')
      setExitCode(runImages(name, flags, program.opts<{ root?: string }>().root))
    })
}
