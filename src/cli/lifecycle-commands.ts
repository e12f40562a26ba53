import { type Command, Option } from 'commander'
import type { CommandRoom } from './command-room.ts'
import { wholeNumber } from './container-flags.ts'
import { defaultDetachKeys } from './detach-keys.ts'
import type { StartFlags, StopFlags } from './lifecycle-flags.ts'

const containerArgument = ['<container...>', 'names, IDs or beginnings of IDs'] as const

/** Adds `start`, `stop`, `restart`, `kill`, `pause`, `unpause`, `wait`, `rm`, `rename`. */
export function addLifecycleCommands(parent: Command, room: CommandRoom): void {
  addStart(parent, room)
  addStop(parent, room)
  addRestart(parent, room)
  addKill(parent, room)
  addSimple(parent, room, 'pause', 'stop all processes of containers where they are')
  addSimple(parent, room, 'unpause', 'let paused containers go on')
  addSimple(parent, room, 'wait', 'wait until containers end, and print their exit codes')
  addRemove(parent, room)
  parent
    .command('rename')
    .summary('give a container another name')
    .description('Gives a container another name.')
    .argument('<container>', 'name, ID or beginning of an ID')
    .argument('<name>', 'its new name')
    .action(async (container: string, name: string) => {
      const { runRename } = await import('./run-lifecycle.ts')
      room.setExitCode(await runRename(container, name, room.root()))
    })
}

function addStart(parent: Command, room: CommandRoom): void {
  parent
    .command('start')
    .summary('start containers')
    .description('Starts containers that were created or have ended.')
    .argument(...containerArgument)
    .option('-a, --attach', 'show its output and end with its exit code')
    .option('-i, --interactive', 'connect stdin')
    .option('--detach-keys <keys>', 'keys that leave it', defaultDetachKeys)
    .option('--sig-proxy [boolean]', 'pass signals on to it', (value) => value !== 'false', true)
    .action(async (names: readonly string[], flags: StartFlags) => {
      const { runStart } = await import('./run-start.ts')
      room.setExitCode(await runStart(names, flags, room.root()))
    })
}

function addStop(parent: Command, room: CommandRoom): void {
  addStopFlags(
    parent
      .command('stop')
      .summary('stop containers')
      .description('Asks containers to end, and ends them by force when they have not after a time.')
      .argument(...containerArgument),
  ).action(async (names: readonly string[], flags: StopFlags) => {
    const { runStop } = await import('./run-lifecycle.ts')
    room.setExitCode(await runStop(names, flags, room.root()))
  })
}

function addRestart(parent: Command, room: CommandRoom): void {
  addStopFlags(
    parent
      .command('restart')
      .summary('stop containers and start them again')
      .description('Stops containers and starts them again; those that do not run are started.')
      .argument(...containerArgument),
  ).action(async (names: readonly string[], flags: StopFlags) => {
    const { runRestart } = await import('./run-lifecycle.ts')
    room.setExitCode(await runRestart(names, flags, room.root()))
  })
}

function addStopFlags(command: Command): Command {
  return command
    .option('-t, --timeout <seconds>', 'how long to wait before force; -1 for ever', wholeNumber)
    .addOption(new Option('--time <seconds>', 'its older name').argParser(wholeNumber).hideHelp())
    .option('-s, --signal <signal>', 'what to send first')
}

function addKill(parent: Command, room: CommandRoom): void {
  parent
    .command('kill')
    .summary('send a signal to containers')
    .description('Sends a signal to the first process of containers.')
    .argument(...containerArgument)
    .option('-s, --signal <signal>', 'name or number', 'SIGKILL')
    .action(async (names: readonly string[], flags: { readonly signal: string }) => {
      const { runKill } = await import('./run-lifecycle.ts')
      room.setExitCode(await runKill(names, flags.signal, room.root()))
    })
}

function addSimple(parent: Command, room: CommandRoom, name: 'pause' | 'unpause' | 'wait', what: string): void {
  parent
    .command(name)
    .summary(what)
    .description(`${what.charAt(0).toUpperCase()}${what.slice(1)}.`)
    .argument(...containerArgument)
    .action(async (names: readonly string[]) => {
      const { runSimple } = await import('./run-lifecycle.ts')
      room.setExitCode(await runSimple(name, names, room.root()))
    })
}

function addRemove(parent: Command, room: CommandRoom): void {
  parent
    .command('rm')
    .summary('remove containers')
    .description('Removes containers that do not run, with what they wrote and their logs.')
    .argument(...containerArgument)
    .option('-f, --force', 'end those that run; let those that are missing be')
    .option('-v, --volumes', 'remove their anonymous volumes too')
    .action(async (names: readonly string[], flags: { readonly force?: boolean; readonly volumes?: boolean }) => {
      const { runRm } = await import('./run-rm.ts')
      room.setExitCode(await runRm(names, flags, room.root()))
    })
}
