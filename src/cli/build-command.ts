import { type Command, Option } from 'commander'
import { collect, positiveInteger } from './collect.ts'
import type { BuildFlags } from './flags.ts'
import { defaultPlatformOption } from './platform-option.ts'
import { addRegistryFlags } from './registry-flags.ts'
import type { SetExitCode } from './set-exit-code.ts'

/** Adds `longshore build`. `run` stands in for what it does, for commands that have other words for the same. */
export function addBuildCommand(
  program: Command,
  setExitCode: SetExitCode,
  run?: (flags: BuildFlags) => Promise<number>,
): Command {
  const command = program
    .command('build')
    .summary('build an image from a Dockerfile')
    .description('Builds an image from a Dockerfile and the files of a directory. Prints the image ID.')
    .argument(
      '[context]',
      'directory with the files that COPY and ADD can take; or a git or http(s) address, or - for stdin',
      '.',
    )
    .option(
      '-t, --tag <name[:tag]>',
      'name of the image; may be repeated; with several targets TARGET=NAME',
      collect,
      [],
    )
    .option('-f, --file <path>', 'the Dockerfile (default: Dockerfile in the context); - for stdin')
    .option('--build-arg <k=v>', 'value of an ARG; a bare name takes it from the environment', collect, [])
    .option(
      '--build-context <name=value>',
      'directory, docker-image://, oci-layout://, git or http(s) address in place of a stage or image; may be repeated',
      collect,
      [],
    )
    .option('--label <k=v>', 'label of the image', collect, [])
    .option(
      '--annotation <[type:]k=v>',
      'annotation of the manifest, or with index: of the index of several platforms; may be repeated',
      collect,
      [],
    )
    .option('--squash', 'make one layer of those that the build adds to its base')
    .option(
      '--target <stage>',
      'stage to build (default: the last); may be repeated, each makes an image, and one ID is printed for each',
      collect,
      [],
    )
    .addOption(
      defaultPlatformOption(
        'platform to build for, local for this machine; several, with commas, make an index of images',
      )
        .argParser(collect)
        .default([]),
    )
    .option('--no-cache', 'run every step, whatever is remembered')
    .option(
      '--no-cache-filter <stage>',
      'run every step of a stage; may be repeated, or a list with commas',
      collect,
      [],
    )
    .option('--cache-ttl <duration>', 'use no result that is older, for example 12h')
    .option('--keep-going', 'after a step failed, finish all steps that do not depend on it')
    .addOption(
      new Option(
        '--on-failure <action>',
        'what to do with a RUN that failed: keep it for longshore debug, or open a shell there',
      )
        .choices(['keep', 'shell'])
        .default('keep'),
    )
    .option('--pull', 'look for newer base images')
    .option('--locked', 'use images, files and commits as longshore.lock has them, and refuse what is not in it')
    .option('--lockfile <path>', 'with --locked: the file to use (default: longshore.lock in the context)')
    .option(
      '--offline',
      'use no network: take what is in the store, and say what is missing; RUN steps get none either',
    )
    .addOption(
      new Option('--network <mode>', 'network of RUN steps; default is the network of this machine')
        .choices(['default', 'none', 'host'])
        .default('default'),
    )
    .option(
      '--add-host <name:ip>',
      'name that RUN steps know, the address may be host-gateway; may be repeated',
      collect,
      [],
    )
    .option('-m, --memory <size>', 'memory at most for each RUN step: 512m, 2g')
    .option('--cpus <number>', 'processors at most for each RUN step: 0.5')
    .option('--shm-size <size>', 'size of /dev/shm of RUN steps (default: 64m)')
    .option('--ulimit <name=soft[:hard]>', 'limit of each process of RUN steps: nofile=1024:4096', collect, [])
    .option('--secret <spec>', 'secret for RUN --mount=type=secret: id=ID[,src=FILE|,env=NAME]', collect, [])
    .option('--ssh <spec>', 'agent or keys for RUN --mount=type=ssh: default or ID[=SOCKET|=KEY[,KEY]]', collect, [])
    .option('--allow <right>', 'allow a Dockerfile to use security.insecure', collect, [])
    .option(
      '--cache-budget <size>',
      'size the cache is kept within afterwards: 20GB, none (default: $LONGSHORE_CACHE_BUDGET, or a tenth of the disk)',
    )
    .option(
      '--cache-from <spec>',
      'take results from elsewhere: NAME, type=registry,ref=NAME, type=local,src=DIR, type=s3,bucket=NAME,region=NAME or type=gha; may be repeated',
      collect,
      [],
    )
    .option(
      '--cache-to <spec>',
      'send results elsewhere: types as for --cache-from (local has dest=DIR) and type=inline; mode=max for those of all steps, mounts=true for cache mounts; may be repeated',
      collect,
      [],
    )
    .option('--jobs <n>', 'steps that may run at the same time (default: all that can)', positiveInteger)
    .option(
      '-o, --output <spec>',
      'also write the result: DIR, - (tar), type=local|tar|oci|docker,dest=PATH or type=registry; may be repeated',
      collect,
      [],
    )
    .option('--source-date-epoch <seconds>', 'date the image to this time (default: $SOURCE_DATE_EPOCH)')
    .option('--rewrite-timestamp', 'lower file times in new layers to that date')
    .option(
      '--reproducible',
      'same files, same image: date all to the git commit, else to the newest file of the context',
    )
    .option('--verify', 'execute every step twice, in other surroundings, and say which files differ')
    .option('--push', 'send the image to the registries of its names; short for --output type=registry')
    .option('--load', 'keep the image in the store, as is always done')
    .option('--iidfile <path>', 'write the image ID to a file')
    .option('--metadata-file <path>', 'write what was made to a file, as JSON with the keys of buildx')
    .option('--digest-file <path>', 'write the digest of what was pushed to a file')
    .option('--image-name-with-digest-file <path>', 'write a line NAME@DIGEST for each name to a file')
    .option('--image-name-tag-with-digest-file <path>', 'write a line NAME:TAG@DIGEST for each name to a file')
    .addOption(
      new Option('--ci <system>', 'write annotations, summary and sections for it; auto looks at the environment')
        .choices(['auto', 'github', 'gitlab', 'none'])
        .default('auto'),
    )
    .option('-q, --quiet', 'print nothing but the image ID')
    .addOption(
      new Option('--progress <mode>', 'how to show progress on stderr; auto draws on a terminal')
        .choices(['auto', 'tty', 'plain', 'quiet', 'rawjson'])
        .default('auto'),
    )
    .option('--plan', 'print what would run, and why, without running anything')
    .option(
      '--affected <ref>',
      'build only if a change since this commit can reach the image; REF... is where the branch left REF',
    )
    .option('--dry-run', 'with --affected: only say whether, and why')
    .option('--watch', 'build again whenever something changes that the build reads, until Ctrl-C')
    .option('--run', 'with --watch: run a container of the result, and put the next one in its place')
    .option('--run-flags <flags>', 'with --run: flags of longshore run for it, in one word: "-p 8080:80 -e DEBUG=1"')
    .addOption(
      new Option('--format <format>', 'format of --plan and --dry-run').choices(['text', 'json']).default('text'),
    )
    .addOption(
      new Option('--isolation <name>', 'what runs RUN steps (default: the first that works)').choices([
        'crun',
        'runc',
        'builtin',
      ]),
    )
    .option('--check', 'check the Dockerfile instead of building it; short for --call=check')
    .option('--call <method>', 'build, check, outline or targets, then ,format=json for JSON', 'build')
  return addRegistryFlags(command).action(async (context: string, flags: BuildFlags) => {
    if (run !== undefined) return setExitCode(await run(flags))
    const { root } = program.opts<{ root?: string }>()
    if (flags.check === true || flags.call !== 'build') {
      const { parseCall, runCall } = await import('./run-call.ts')
      const call = parseCall(flags.check === true && flags.call === 'build' ? 'check' : flags.call)
      if (call.method !== 'build') return setExitCode(await runCall(call, context, flags, root))
    }
    const { runBuild } = await import('./run-build.ts')
    setExitCode(await runBuild(context, flags, root))
  })
}
