import type { Command } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import { formatOption } from './format-option.ts'
import type { NetworkCreateFlags, NetworkListFlags } from './network-flags.ts'

/** Adds the commands about networks. */
export function addNetworkCommands(program: Command, room: CommandRoom): void {
  const group = program
    .command('network')
    .summary('commands about networks')
    .description('Commands about networks of containers.')
  addCreate(group, room)
  addList(group, room)
  addInspect(group, room)
  addRemove(group, room)
  addPrune(group, room)
  addConnect(group, room)
}

function addCreate(group: Command, room: CommandRoom): void {
  group
    .command('create')
    .summary('make a network')
    .description('Makes a network, in which containers reach each other by name. Prints its ID.')
    .argument('<name>', 'its name')
    .option('-d, --driver <name>', 'bridge is the only one', 'bridge')
    .option('--subnet <subnet>', 'its addresses (default: a free one of 10.210.0.0/16)')
    .option('--gateway <address>', 'the address of this machine in it (default: the first)')
    .option('--internal', 'no way out of it')
    .option('--label <k=v>', 'label; may be repeated', collect, [])
    .action(async (name: string, flags: NetworkCreateFlags) => {
      const { runNetworkCreate } = await import('./run-network.ts')
      room.setExitCode(await runNetworkCreate(name, flags, room.root()))
    })
}

function addList(group: Command, room: CommandRoom): void {
  group
    .command('ls')
    .alias('list')
    .summary('list networks')
    .description('Lists the networks of the store, and those that there always are.')
    .option('-q, --quiet', 'print only IDs')
    .option('--no-trunc', 'print whole IDs')
    .option('-f, --filter <key=value>', 'name=, id=, driver=, label=, type=, dangling=; may be repeated', collect, [])
    .addOption(formatOption('ID, Name, Driver, Scope, Internal, CreatedAt, Labels'))
    .action(async (flags: NetworkListFlags) => {
      const { runNetworkList } = await import('./run-network.ts')
      room.setExitCode(runNetworkList(flags, room.root()))
    })
}

function addInspect(group: Command, room: CommandRoom): void {
  group
    .command('inspect')
    .summary('show all that is known of networks')
    .description('Prints networks as a JSON array, in the fields of docker.')
    .argument('<network...>', 'names, IDs or beginnings of IDs')
    .option('-f, --format <format>', "json, or a template: '{{.Id}}', '{{json .Containers}}'")
    .action(async (names: readonly string[], flags: { readonly format?: string }) => {
      const { runNetworkInspect } = await import('./run-network.ts')
      room.setExitCode(runNetworkInspect(names, flags.format, room.root()))
    })
}

function addRemove(group: Command, room: CommandRoom): void {
  group
    .command('rm')
    .alias('remove')
    .summary('remove networks')
    .description('Removes networks that no running container uses.')
    .argument('<network...>', 'names, IDs or beginnings of IDs')
    .option('-f, --force', 'let networks that are missing be')
    .action(async (names: readonly string[], flags: { readonly force?: boolean }) => {
      const { runNetworkRemove } = await import('./run-network.ts')
      room.setExitCode(await runNetworkRemove(names, flags.force === true, room.root()))
    })
}

function addPrune(group: Command, room: CommandRoom): void {
  group
    .command('prune')
    .summary('remove networks that nobody uses')
    .description('Removes the networks that no running container uses.')
    .option('-f, --force', 'do not ask')
    .option('--filter <key=value>', 'label=K[=V]; may be repeated', collect, [])
    .action(async (flags: { readonly force?: boolean; readonly filter: readonly string[] }) => {
      const { runNetworkPrune } = await import('./run-network.ts')
      room.setExitCode(await runNetworkPrune(flags.force === true, flags.filter, room.root()))
    })
}

function addConnect(group: Command, room: CommandRoom): void {
  group
    .command('connect')
    .summary('put a running container into a network')
    .description('Puts a running container into a network. As an ordinary user, give the network to run instead.')
    .argument('<network>', 'name, ID or beginning of an ID')
    .argument('<container>', 'name, ID or beginning of an ID')
    .option('--alias <name>', 'further name of the container there; may be repeated', collect, [])
    .option('--ip <address>', 'its address there')
    .action(
      async (
        network: string,
        container: string,
        flags: { readonly alias: readonly string[]; readonly ip?: string },
      ) => {
        const { runNetworkConnect } = await import('./run-network.ts')
        room.setExitCode(await runNetworkConnect(network, container, flags, room.root()))
      },
    )
  group
    .command('disconnect')
    .summary('take a running container out of a network')
    .description('Takes a running container out of a network.')
    .argument('<network>', 'name, ID or beginning of an ID')
    .argument('<container>', 'name, ID or beginning of an ID')
    .action(async (network: string, container: string) => {
      const { runNetworkDisconnect } = await import('./run-network.ts')
      room.setExitCode(await runNetworkDisconnect(network, container, room.root()))
    })
}
