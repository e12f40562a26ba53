import { type Command, InvalidArgumentError, Option } from 'commander'
import { collect } from './collect.ts'
import { addHealthFlags } from './health-flags.ts'
import { defaultPlatformOption } from './platform-option.ts'

/** Adds the flags of a new container. */
export function addContainerFlags(command: Command): Command {
  addProcessFlags(command)
  addFileFlags(command)
  addNetworkFlags(command)
  addLimitFlags(command)
  addSecurityFlags(command)
  addNamespaceFlags(command)
  addHealthFlags(command, wholeNumber)
  return command
    .option('--rm', 'remove the container when it ends')
    .option('--name <name>', 'name of the container (default: one is made up)')
    .option('--hostname <name>', 'its host name (default: its ID)')
    .option('--domainname <name>', 'its domain name')
    .option('-l, --label <k=v>', 'label; may be repeated', collect, [])
    .option('--label-file <file>', 'file of labels, one a line', collect, [])
    .option(
      '--network <mode>',
      'bridge, host, none, container:NAME, or a network of yours (default: bridge, else host)',
    )
    .addOption(new Option('--net <mode>', 'the same').hideHelp())
    .option('--init', 'put a first process in front that passes signals on and collects what ended')
    .option('--restart <policy>', 'no, on-failure[:RETRIES], always, unless-stopped', 'no')
    .option('--stop-signal <signal>', 'what `stop` sends first')
    .option('--stop-timeout <seconds>', 'how long `stop` waits', wholeNumber)
    .addOption(
      new Option('--log-driver <name>', 'where output is kept').choices(['json-file', 'none']).default('json-file'),
    )
    .option('--log-opt <k=v>', 'max-size=20m, max-file=5; may be repeated', collect, [])
    .option('--cidfile <file>', 'write the ID there; the file must not exist')
    .option('--pull <when>', 'missing, always or never', 'missing')
    .addOption(defaultPlatformOption('platform of the image (default: this machine)'))
    .option('-q, --quiet', 'show no progress of a pull')
    .addOption(
      new Option('--isolation <name>', 'what runs it (default: the first that works)').choices([
        'crun',
        'runc',
        'builtin',
      ]),
    )
    .addOption(new Option('--runtime <name>', 'the same').choices(['crun', 'runc']).hideHelp())
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

function addNetworkFlags(command: Command): void {
  command
    .option('-p, --publish <[[ip:]host:]port[/udp]>', 'port of this machine for one of the container', collect, [])
    .option('-P, --publish-all', 'a free port of this machine for each exposed one')
    .option('--expose <port[/udp]>', 'a port more for -P', collect, [])
    .option('--network-alias <name>', 'a name more in a network of yours', collect, [])
    .option('--ip <address>', 'its address in a network of yours')
    .option('--add-host <name:ip>', 'a line of /etc/hosts; host-gateway is this machine', collect, [])
    .option('--dns <ip>', 'name server', collect, [])
    .option('--dns-search <domain>', 'domain that names are looked up in', collect, [])
    .option('--dns-option <option>', 'option of resolv.conf', collect, [])
}

function addSecurityFlags(command: Command): void {
  command
    .option('--privileged', 'all capabilities, no system call filter, nothing hidden')
    .option('--cap-add <name>', 'capability to add, or ALL', collect, [])
    .option('--cap-drop <name>', 'capability to take away, or ALL', collect, [])
    .option('--security-opt <option>', 'no-new-privileges, seccomp=unconfined', collect, [])
    .option('--group-add <group>', 'further group of the process', collect, [])
    .option('--device <path[:path]>', 'device of this machine to show', collect, [])
    .option('--sysctl <k=v>', 'kernel setting of its namespaces', collect, [])
}

function addNamespaceFlags(command: Command): void {
  command
    .option('--pid <mode>', 'processes it sees: host for all of this machine, container:NAME for those of another')
    .option('--ipc <mode>', 'shared memory and semaphores: private, shareable, host or container:NAME')
    .option('--userns <mode>', 'host: the user namespace that it has anyway')
}

function addLimitFlags(command: Command): void {
  command
    .option('-m, --memory <size>', 'memory at most: 512m, 2g')
    .option('--memory-swap <size>', 'memory and swap together; -1 for any')
    .option('--cpus <number>', 'processors at most: 0.5')
    .option('-c, --cpu-shares <weight>', 'relative weight (default: 1024)', wholeNumber)
    .option('--cpuset-cpus <list>', 'processors to run on: 0-2,4')
    .option('--cpuset-mems <list>', 'memory nodes to use')
    .option('--pids-limit <count>', 'processes at most; -1 for any', wholeNumber)
    .option('--ulimit <name=soft[:hard]>', 'limit of each process: nofile=1024:4096', collect, [])
    .option('--shm-size <size>', 'size of /dev/shm (default: 64m)')
}

/** Commander parser for a whole number, -1 for none. */
export function wholeNumber(value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < -1) throw new InvalidArgumentError('expected a whole number.')
  return number
}
