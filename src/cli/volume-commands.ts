import type { Command } from 'commander'
import { collect } from './collect.ts'
import type { CommandRoom } from './command-room.ts'
import { formatOption } from './format-option.ts'

/** Adds `volume create|ls|inspect|rm|prune`. */
export function addVolumeCommands(program: Command, room: CommandRoom): void {
  const group = program.command('volume').summary('commands about volumes').description('Commands about volumes.')
  group
    .command('create')
    .summary('make a volume')
    .description('Makes a volume and prints its name.')
    .argument('[name]', 'its name (default: one is made up)')
    .option('-l, --label <k=v>', 'label; may be repeated', collect, [])
    .option('--name <name>', 'the same as the argument')
    .option('-d, --driver <name>', 'local is all there is', 'local')
    .action(async (name: string | undefined, flags: VolumeCreateFlags) => {
      const { runVolumeCreate } = await import('./run-volume.ts')
      room.setExitCode(runVolumeCreate(name, flags, room.root()))
    })
  group
    .command('ls')
    .alias('list')
    .summary('list volumes')
    .description('Lists the volumes of the store.')
    .option('-q, --quiet', 'print only names')
    .option('-f, --filter <key=value>', 'name, label, dangling; may be repeated', collect, [])
    .addOption(formatOption('Driver, Name, Mountpoint, Labels, Scope'))
    .action(async (flags: VolumeListFlags) => {
      const { runVolumeList } = await import('./run-volume.ts')
      room.setExitCode(runVolumeList(flags, room.root()))
    })
  group
    .command('inspect')
    .summary('show all that is known of volumes')
    .description('Prints volumes as a JSON array, in the fields of docker.')
    .argument('<volume...>', 'names')
    .option('-f, --format <format>', "json, or a template: '{{.Mountpoint}}'")
    .action(async (names: readonly string[], flags: { readonly format?: string }) => {
      const { runVolumeInspect } = await import('./run-volume.ts')
      room.setExitCode(runVolumeInspect(names, flags.format, room.root()))
    })
  group
    .command('rm')
    .alias('remove')
    .summary('remove volumes')
    .description('Removes volumes that no container has.')
    .argument('<volume...>', 'names')
    .option('-f, --force', 'let volumes that are missing be')
    .action(async (names: readonly string[], flags: { readonly force?: boolean }) => {
      const { runVolumeRemove } = await import('./run-volume.ts')
      room.setExitCode(runVolumeRemove(names, flags.force === true, room.root()))
    })
  group
    .command('prune')
    .summary('remove volumes that no container has')
    .description('Removes volumes without a name that no container has; with -a, named ones too.')
    .option('-a, --all', 'named volumes too')
    .option('-f, --force', 'do not ask')
    .option('--filter <key=value>', 'label; may be repeated', collect, [])
    .action(async (flags: VolumePruneFlags) => {
      const { runVolumePrune } = await import('./run-volume.ts')
      room.setExitCode(runVolumePrune(flags, room.root()))
    })
}

interface VolumeCreateFlags {
  readonly label: readonly string[]
  readonly name?: string
  readonly driver: string
}

interface VolumeListFlags {
  readonly quiet?: boolean
  readonly filter: readonly string[]
  readonly format?: string
}

interface VolumePruneFlags {
  readonly all?: boolean
  readonly force?: boolean
  readonly filter: readonly string[]
}
