import type { Command } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import { defaultDetachKeys } from './detach-keys.ts'
import type { AttachFlags, ExecFlags } from './lifecycle-flags.ts'

/** Adds `exec`, `attach`, `top` and `port`. */
export function addExecCommands(parent: Command, room: CommandRoom): void {
  addExec(parent, room)
  parent
    .command('attach')
    .summary('connect to a running container')
    .description('Connects to the first process of a running container, until it ends or the detach keys are typed.')
    .argument('<container>', 'name, ID or beginning of an ID')
    .option('--detach-keys <keys>', 'keys that leave it', defaultDetachKeys)
    .option('--no-stdin', 'only listen')
    .option('--sig-proxy [boolean]', 'pass signals on to it', (value) => value !== 'false', true)
    .action(async (container: string, flags: AttachFlags) => {
      const { runAttach } = await import('./run-exec.ts')
      room.setExitCode(await runAttach(container, flags, room.root()))
    })
  parent
    .command('port')
    .summary('show the published ports of a container')
    .description('Shows which ports of this machine answer for those of a running container.')
    .argument('<container>', 'name, ID or beginning of an ID')
    .argument('[port]', 'only this port of the container: 80 or 53/udp')
    .action(async (container: string, port: string | undefined) => {
      const { runPort } = await import('./run-port.ts')
      room.setExitCode(await runPort(container, port, room.root()))
    })
  parent
    .command('top')
    .summary('show the processes of a container')
    .description('Shows the processes of a running container.')
    .argument('<container>', 'name, ID or beginning of an ID')
    .argument('[options...]', 'options of ps(1) of this machine')
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (container: string, options: readonly string[]) => {
      const { runTop } = await import('./run-top.ts')
      room.setExitCode(await runTop(container, options, room.root()))
    })
}

function addExec(parent: Command, room: CommandRoom): void {
  parent
    .command('exec')
    .summary('run a further command in a running container')
    .description('Runs a command in a running container and ends with its exit code.')
    .argument('<container>', 'name, ID or beginning of an ID')
    .argument('<command...>', 'command and arguments')
    .option('-d, --detach', 'let it run in the background')
    .option('-i, --interactive', 'connect stdin')
    .option('-t, --tty', 'give it a terminal')
    .option('-e, --env <k=v>', 'environment variable; a bare name takes it from the environment', collect, [])
    .option('--env-file <file>', 'file of environment variables, one a line', collect, [])
    .option('-u, --user <user[:group]>', 'user to run as (default: that of the container)')
    .option('-w, --workdir <dir>', 'working directory (default: that of the container)')
    .option('--privileged', 'all capabilities')
    .option('--detach-keys <keys>', 'keys that leave it', defaultDetachKeys)
    .passThroughOptions()
    .action(async (container: string, command: readonly string[], flags: ExecFlags) => {
      const { runExec } = await import('./run-exec.ts')
      room.setExitCode(await runExec(container, command, flags, room.root()))
    })
}
