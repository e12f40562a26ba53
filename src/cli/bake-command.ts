import { type Command, Option } from 'commander'
import { collect, positiveInteger } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import type { BakeFlags } from './flags.ts'
import { formatOption } from './format-option.ts'
import { addRegistryFlags } from './registry-flags.ts'

/** Adds `longshore bake`. */
export function addBakeCommand(program: Command, room: CommandRoom): void {
  const command = program
    .command('bake')
    .summary('build the targets of a bake file')
    .description(
      'Builds what docker-bake.hcl, docker-bake.json or the build: sections of a compose file describe. Prints the image ID of each target.',
    )
    .argument('[target...]', 'targets and groups to build (default: default)')
    .option(
      '-f, --file <path>',
      'bake file; may be repeated, later ones come before earlier ones; - for stdin (default: those of the usual names)',
      collect,
      [],
    )
    .option('--set <override>', 'TARGET.KEY=VALUE in place of what the files say; may be repeated', collect, [])
    .option('--var <name=value>', 'value of a variable; may be repeated', collect, [])
    .option('--print', 'print what would be built, as JSON, and build nothing')
    .option('--list <what>', 'list targets or variables')
    .option(
      '--affected <ref>',
      'build only what a change since this commit can reach; REF... is where the branch left REF',
    )
    .option('--dry-run', 'with --affected: say what that is, and why; --format json makes a matrix for CI')
    .addOption(formatOption('.Name .Description; .Type .Value of variables'))
    .option('--push', 'send the images to the registries of their names; short for --set *.output=type=registry')
    .option('--load', 'keep the images in the store, as is always done; short for --set *.output=type=docker')
    .option('--pull', 'look for newer base images; short for --set *.pull=true')
    .option('--no-cache', 'run every step, whatever is remembered; short for --set *.no-cache=true')
    .option('--allow <right>', 'allow targets to use security.insecure', collect, [])
    .option('--offline', 'use no network: take what is in the store, and say what is missing')
    .option('--keep-going', 'after a step failed, finish all steps that do not depend on it')
    .option('--jobs <n>', 'steps that may run at the same time (default: all that can)', positiveInteger)
    .option('--cache-budget <size>', 'size the cache is kept within afterwards: 20GB, none')
    .option('--source-date-epoch <seconds>', 'date the images to this time (default: $SOURCE_DATE_EPOCH)')
    .option('--rewrite-timestamp', 'lower file times in new layers to that date')
    .option('--reproducible', 'same files, same images: date all to the git commit, else to the newest file')
    .addOption(
      new Option('--isolation <name>', 'what runs RUN steps (default: the first that works)').choices([
        'crun',
        'runc',
        'builtin',
      ]),
    )
    .option('--metadata-file <path>', 'write what was made to a file, as JSON by target, with the keys of buildx')
    .option('-q, --quiet', 'print nothing but the image IDs')
    .addOption(
      new Option('--progress <mode>', 'how to show progress on stderr; auto draws on a terminal')
        .choices(['auto', 'tty', 'plain', 'quiet', 'rawjson'])
        .default('auto'),
    )
  addRegistryFlags(command).action(async (targets: readonly string[], flags: BakeFlags) => {
    const { runBake } = await import('./run-bake.ts')
    room.setExitCode(await runBake(targets, flags, room.root()))
  })
}
