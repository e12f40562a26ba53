import { type Command, InvalidArgumentError, Option } from 'commander'
import { collect } from './collect.ts'

/** Adds the flags of a new container. */
export function addContainerFlags(command: Command): Command {
  addProcessFlags(command)
  addFileFlags(command)
  return command
    .option('--rm', 'remove the container when it ends')
    .option('--name <name>', 'name of the container (default: one is made up)')
    .option('--hostname <name>', 'its host name (default: its ID)')
    .option('--domainname <name>', 'its domain name')
    .option('-l, --label <k=v>', 'label; may be repeated', collect, [])
    .option('--label-file <file>', 'file of labels, one a line', collect, [])
    .option('--network <mode>', 'network: that of this machine (host), or none', 'host')
    .addOption(new Option('--net <mode>', 'the same').hideHelp())
    .option('--restart <policy>', 'no, on-failure[:RETRIES], always, unless-stopped', 'no')
    .option('--init', 'run a small init as first process, that passes signals on and buries children')
    .option('--stop-signal <signal>', 'what `stop` sends first')
    .option('--stop-timeout <seconds>', 'how long `stop` waits', wholeNumber)
    .option('--privileged', 'all capabilities, no system call filter, nothing hidden')
    .addOption(
      new Option('--log-driver <name>', 'where output is kept').choices(['json-file', 'none']).default('json-file'),
    )
    .option('--log-opt <k=v>', 'max-size=20m, max-file=5; may be repeated', collect, [])
    .option('--cidfile <file>', 'write the ID there; the file must not exist')
    .option('--pull <when>', 'missing, always or never', 'missing')
    .option('--platform <os/arch>', 'platform of the image')
    .option('-q, --quiet', 'show no progress of a pull')
    .addOption(
      new Option('--isolation <name>', 'what runs it (default: the first that works)').choices([
        'crun',
        'runc',
        'builtin',
      ]),
    )
    .passThroughOptions()
}

function addProcessFlags(command: Command): void {
  command
    .option('-e, --env <k=v>', 'environment variable; a bare name takes it from the environment', collect, [])
    .option('--env-file <file>', 'file of environment variables, one a line', collect, [])
    .option('-w, --workdir <dir>', 'working directory')
    .option('-u, --user <user[:group]>', 'user to run as')
    .option('--entrypoint <command>', "command instead of the image's ENTRYPOINT")
    .option('-i, --interactive', 'keep stdin open')
    .option('-t, --tty', 'give it a terminal')
}

function addFileFlags(command: Command): void {
  command
    .option('-v, --volume <[src:]dst[:ro]>', 'directory of this machine, or volume, to show there', collect, [])
    .option('--mount <type=…,…>', 'the same in long words: type=bind|volume|tmpfs,source=,target=', collect, [])
    .option('--tmpfs <dst[:options]>', 'memory to show there', collect, [])
    .option('--volumes-from <container[:ro]>', 'take the mounts of another container', collect, [])
    .option('--read-only', 'the root filesystem cannot be written to')
}

/** Commander parser for a whole number, -1 for none. */
export function wholeNumber(value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < -1) throw new InvalidArgumentError('expected a whole number.')
  return number
}
