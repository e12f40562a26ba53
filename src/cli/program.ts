import { Command, Help, Option } from 'commander'
import { version } from '../version.ts'
import { addImportCommand, addLoadCommand, addSaveCommand } from './archive-commands.ts'
import { addBakeCommand } from './bake-command.ts'
import { addBuildCommand } from './build-command.ts'
import { addCheckCommand } from './check-command.ts'
import { addContainerCommands } from './container-commands.ts'
import { addDebugCommand } from './debug-command.ts'
import { addEventsCommand } from './events-command.ts'
import { addImageCommands } from './image-commands.ts'
import { addImagesCommand } from './images-command.ts'
import { addKanikoCommand } from './kaniko-command.ts'
import { addLockCommand } from './lock-command.ts'
import { addLoginCommands } from './login-commands.ts'
import { addManifestCommands } from './manifest-commands.ts'
import { addMountCommands, addUnshareCommand } from './mount-commands.ts'
import { addNetworkCommands } from './network-commands.ts'
import { addPullCommand } from './pull-command.ts'
import { addPushCommand } from './push-command.ts'
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
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption })
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError('Run "longshore --help" for the commands, "longshore COMMAND --help" for the flags of one.')
    .exitOverride()
  // A build, which may be over before one could read this, does without the others.
  if (firstWord === 'build') {
    addBuildCommand(program, setExitCode)
    return program
  }
  for (const add of commands) add(program, setExitCode)
  const room = { setExitCode, root: () => program.opts<{ root?: string }>().root }
  addBakeCommand(program, room)
  addContainerCommands(program, room)
  addDebugCommand(program, room)
  addEventsCommand(program, room)
  addKanikoCommand(program, room)
  addLockCommand(program, room)
  addImagesCommand(program, room)
  addPushCommand(program, room)
  addLoginCommands(program, room)
  addSaveCommand(program, room)
  addLoadCommand(program, room)
  addImportCommand(program, room)
  addImageCommands(program, room)
  addMountCommands(program, room)
  addUnshareCommand(program, room)
  addManifestCommands(program, room)
  addNetworkCommands(program, room)
  addSystemCommands(program, room)
  return program
}

/** As commander has it, but an option that nobody gave has no default to speak of. */
function describeOption(option: Option): string {
  const text = new Help().optionDescription(option)
  return Array.isArray(option.defaultValue) && option.defaultValue.length === 0
    ? text.replace(/ ?\(default: \[\]\)/, '')
    : text
}
