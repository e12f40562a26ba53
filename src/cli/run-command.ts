import { type Command, InvalidArgumentError } from 'commander'
import type { CommandRoom } from './command-room.ts'
import { addContainerFlags } from './container-flags.ts'
import { defaultDetachKeys } from './detach-keys.ts'
import type { ContainerFlags, RunFlags } from './lifecycle-flags.ts'

/** Adds `run`. */
export function addRunCommand(parent: Command, room: CommandRoom): void {
  const command = parent
    .command('run')
    .summary('run a command in a new container')
    .description('Creates a container and starts it. In the foreground it ends with the exit code of the container.')
    .argument('<image>', 'name or ID of an image; pulled when the store does not have it')
    .argument('[command...]', "command and arguments instead of the image's CMD")
    .option('-d, --detach', 'let it run in the background and print its ID')
    .option('-a, --attach <stream>', 'connect only stdin, stdout or stderr; may be repeated', streamName, [])
    .option('--detach-keys <keys>', 'keys that leave it', defaultDetachKeys)
    .option('--sig-proxy [boolean]', 'pass signals on to it', booleanValue, true)
  addContainerFlags(command).action(async (image: string, words: readonly string[], flags: RunFlags) => {
    const { runRun } = await import('./run-run.ts')
    room.setExitCode(await runRun(image, words, flags, room.root()))
  })
}

/** Adds `create`. */
export function addCreateCommand(parent: Command, room: CommandRoom): void {
  const command = parent
    .command('create')
    .summary('create a container without starting it')
    .description('Creates a container and prints its ID.')
    .argument('<image>', 'name or ID of an image; pulled when the store does not have it')
    .argument('[command...]', "command and arguments instead of the image's CMD")
  addContainerFlags(command).action(async (image: string, words: readonly string[], flags: ContainerFlags) => {
    const { runCreate } = await import('./run-run.ts')
    room.setExitCode(await runCreate(image, words, flags, room.root()))
  })
}

/** Commander parser for the name of a stream, of several. */
function streamName(value: string, before: RunFlags['attach']): RunFlags['attach'] {
  const found = (['stdin', 'stdout', 'stderr'] as const).find((name) => name === value.toLowerCase())
  if (found === undefined) throw new InvalidArgumentError('expected stdin, stdout or stderr.')
  return [...before, found]
}

/** Commander parser for `--flag`, `--flag=true` and `--flag=false`. */
export function booleanValue(value: string): boolean {
  if (value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  throw new InvalidArgumentError('expected true or false.')
}
