import { Command, Option } from 'commander'
import { version } from '../version.ts'
import { addBuildCommand } from './build-command.ts'
import { addCheckCommand } from './check-command.ts'
import { addContainerCommands } from './container-commands.ts'
import { addImageCommands } from './image-commands.ts'
import { addImagesCommand } from './images-command.ts'
import { addPullCommand } from './pull-command.ts'
import type { SetExitCode } from './set-exit-code.ts'
import { addSystemCommands } from './system-commands.ts'
import { addWhyCommand } from './why-command.ts'

const commands = [addBuildCommand, addCheckCommand, addPullCommand, addWhyCommand] as const

/** The command line, as a table of commands and flags; each command loads what it needs when it runs. */
export function createProgram(setExitCode: SetExitCode, firstWord: string | undefined): Command {
  const program = new Command('longshore')
    .description('Builds OCI images from Dockerfiles and runs them. No daemon, no root.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addOption(new Option('--root <dir>', 'directory of the store').env('LONGSHORE_ROOT'))
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError('Run "longshore --help" for the commands, "longshore COMMAND --help" for the flags of one.')
    .exitOverride()
  for (const add of commands) add(program, setExitCode)
  const room = { setExitCode, root: () => program.opts<{ root?: string }>().root }
  // A build, which may be over before one could read this, does without.
  if (firstWord !== 'build') addContainerCommands(program, room)
  addImagesCommand(program, room)
  addImageCommands(program, room)
  addSystemCommands(program, room)
  return program
}
