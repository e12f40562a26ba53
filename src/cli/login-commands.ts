import type { Command } from 'commander'
import type { CommandRoom } from './command-room.ts'
import type { LoginFlags } from './flags.ts'
import { booleanOption } from './registry-flags.ts'

/** Adds `login` and `logout`. */
export function addLoginCommands(program: Command, room: CommandRoom): void {
  program
    .command('login')
    .summary('log in at a registry')
    .description('Asks a registry whether it takes an account, and keeps it where other tools find it too.')
    .argument('[registry]', 'host[:port] (default: docker.io)', '')
    .option('-u, --username <name>', 'user name')
    .option('-p, --password <password>', 'password; others on this machine may see it: use --password-stdin')
    .option('--password-stdin', 'read the password from standard input')
    .option('--authfile <path>', 'file to keep it in (default: REGISTRY_AUTH_FILE, else config.json of docker)')
    .option('--tls-verify [boolean]', ...booleanOption)
    .option('--get-login', 'print who is logged in, and change nothing')
    .action(async (registry: string, flags: LoginFlags) => {
      const { runLogin } = await import('./run-login.ts')
      room.setExitCode(await runLogin(registry, flags))
    })
  program
    .command('logout')
    .summary('log out of a registry')
    .description('Forgets an account at a registry.')
    .argument('[registry]', 'host[:port] (default: docker.io)', '')
    .option('-a, --all', 'all registries')
    .option('--authfile <path>', 'file it is kept in')
    .action(async (registry: string, flags: LoginFlags) => {
      const { runLogout } = await import('./run-login.ts')
      room.setExitCode(await runLogout(registry, flags))
    })
}
