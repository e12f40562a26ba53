import { randomBytes } from 'node:crypto'
import { ToolError } from '../base/index.ts'
import { type ContainerRoom, openContainerRoom } from '../engine/containers.ts'
import { treeSize } from '../engine/tree-size.ts'
import { ensureVolume, listVolumes, removeVolume, requireVolume, type Volume, volumeUsers } from '../engine/volumes.ts'
import { compileTemplate, formatBytes, renderListing } from '../report/index.ts'
import { namedValues } from './collect.ts'
import { confirm } from './confirm.ts'
import { exitCodes } from './exit-codes.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore volume create`; returns the exit code. */
export function runVolumeCreate(
  argument: string | undefined,
  flags: { readonly label: readonly string[]; readonly name?: string; readonly driver: string },
  root: string | undefined,
): number {
  if (flags.driver !== 'local') {
    throw new ToolError('not-supported', `there is no volume driver "${flags.driver}"`, { hint: 'leave --driver out' })
  }
  const name = argument ?? flags.name ?? randomBytes(32).toString('hex')
  const anonymous = argument === undefined && flags.name === undefined
  ensureVolume(openContainerRoom(processHost(), root), name, { labels: namedValues(flags.label), anonymous })
  process.stdout.write(`${name}\n`)
  return exitCodes.done
}

const columns = [
  { field: 'Driver', heading: 'DRIVER' },
  { field: 'Name', heading: 'VOLUME NAME' },
  { field: 'Mountpoint', heading: 'MOUNTPOINT' },
  { field: 'Labels', heading: 'LABELS' },
  { field: 'Scope', heading: 'SCOPE' },
]

/** Runs `longshore volume ls`; returns the exit code. */
export function runVolumeList(
  flags: { readonly quiet?: boolean; readonly filter: readonly string[]; readonly format?: string },
  root: string | undefined,
): number {
  const room = openContainerRoom(processHost(), root)
  const chosen = listVolumes(room).filter(volumeFilter(room, flags.filter))
  if (flags.quiet === true && flags.format === undefined) {
    process.stdout.write(chosen.map(({ name }) => `${name}\n`).join(''))
    return exitCodes.done
  }
  const rows = chosen.map(({ name, mountpoint, labels }) => ({
    ...{ Driver: 'local', Name: name, Mountpoint: mountpoint, Scope: 'local' },
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  }))
  process.stdout.write(renderListing(columns, ['Driver', 'Name'], rows, flags.format))
  return exitCodes.done
}

function volumeFilter(room: ContainerRoom, texts: readonly string[]): (volume: Volume) => boolean {
  const users = volumeUsers(room)
  const tests = texts.map((text): ((volume: Volume) => boolean) => {
    const [, key = '', value = ''] = /^([a-z]+)=(.*)$/s.exec(text) ?? []
    if (key === 'name') return ({ name }) => name.includes(value)
    if (key === 'dangling') return ({ name }) => users.has(name) !== (value === 'true' || value === '1')
    if (key === 'label') return ({ labels }) => hasLabel(labels, value)
    throw new ToolError('usage', `the filter "${text}" is not known here`, {
      hint: 'filters are name=PART, label=K[=V] and dangling=true',
    })
  })
  return (volume) => tests.every((test) => test(volume))
}

function hasLabel(labels: Readonly<Record<string, string>>, text: string): boolean {
  const at = text.indexOf('=')
  const key = at < 0 ? text : text.slice(0, at)
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === text.slice(at + 1))
}

/** Runs `longshore volume inspect`; returns the exit code. */
export function runVolumeInspect(
  names: readonly string[],
  format: string | undefined,
  root: string | undefined,
): number {
  const room = openContainerRoom(processHost(), root)
  const fill = format === undefined || format === 'json' ? undefined : compileTemplate(format)
  const found: object[] = []
  const exitCode = forEach(names, (name) => {
    const volume = requireVolume(room, name)
    const shown = {
      ...{ CreatedAt: volume.created, Driver: 'local', Labels: volume.labels, Mountpoint: volume.mountpoint },
      ...{ Name: volume.name, Options: null, Scope: 'local' },
    }
    if (fill === undefined) found.push(shown)
    else process.stdout.write(`${fill(shown)}\n`)
  })
  if (fill === undefined) {
    process.stdout.write(`${format === 'json' ? JSON.stringify(found) : JSON.stringify(found, null, 4)}\n`)
  }
  return exitCode
}

/** Runs `longshore volume rm`; returns the exit code. */
export function runVolumeRemove(names: readonly string[], force: boolean, root: string | undefined): number {
  const room = openContainerRoom(processHost(), root)
  return forEach(names, (name) => {
    if (force && !listVolumes(room).some((volume) => volume.name === name)) return
    removeVolume(room, name)
    process.stdout.write(`${name}\n`)
  })
}

/** Runs `longshore volume prune`; asks first, unless forced. Returns the exit code. */
export function runVolumePrune(
  flags: { readonly all?: boolean; readonly force?: boolean; readonly filter: readonly string[] },
  root: string | undefined,
): number {
  const what = flags.all === true ? 'all volumes' : 'all volumes without a name'
  if (flags.force !== true && !confirm(`WARNING! This will remove ${what} that no container has.`))
    return exitCodes.done
  const room = openContainerRoom(processHost(), root)
  const users = volumeUsers(room)
  const passes = volumeFilter(room, flags.filter)
  let sizeBytes = 0
  const gone: string[] = []
  for (const volume of listVolumes(room)) {
    if (users.has(volume.name) || !(volume.anonymous || flags.all === true) || !passes(volume)) continue
    const size = treeSize(volume.mountpoint)
    removeVolume(room, volume.name)
    sizeBytes += size
    gone.push(volume.name)
  }
  process.stdout.write(gone.length === 0 ? '' : `Deleted Volumes:\n${gone.join('\n')}\n\n`)
  process.stdout.write(`Total reclaimed space: ${formatBytes(sizeBytes)}\n`)
  return exitCodes.done
}

/** One that fails does not keep the others; its error goes to stderr, and the exit code is 1. */
function forEach(names: readonly string[], action: (name: string) => void): number {
  let exitCode: number = exitCodes.done
  for (const name of names) {
    try {
      action(name)
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      process.stderr.write(errorText(error))
      exitCode = exitCodes.stepFailed
    }
  }
  return exitCode
}
