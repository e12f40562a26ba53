import { formatMapping, isActive, openContainerRoom } from '../engine/containers.ts'
import { allContainers, compileContainerFilters, type ListedContainer, layerSize } from '../engine/list-containers.ts'
import {
  type Column,
  containerStatus,
  formatBytes,
  formatSince,
  formatTime,
  type ListingRow,
  renderListing,
} from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { PsFlags } from './lifecycle-flags.ts'
import { processHost } from './process-host.ts'

const columns: readonly Column[] = [
  { field: 'ID', heading: 'CONTAINER ID' },
  { field: 'Image', heading: 'IMAGE' },
  { field: 'Command', heading: 'COMMAND' },
  { field: 'RunningFor', heading: 'CREATED' },
  { field: 'CreatedAt', heading: 'CREATED AT' },
  { field: 'Status', heading: 'STATUS' },
  { field: 'State', heading: 'STATE' },
  { field: 'Ports', heading: 'PORTS' },
  { field: 'Names', heading: 'NAMES' },
  { field: 'Size', heading: 'SIZE' },
  { field: 'Labels', heading: 'LABELS' },
  { field: 'Mounts', heading: 'MOUNTS' },
  { field: 'Networks', heading: 'NETWORKS' },
]

/** Runs `longshore ps`; returns the exit code. */
export function runPs(flags: PsFlags, root: string | undefined): number {
  const room = openContainerRoom(processHost(), root)
  const all = allContainers(room)
  const passes = compileContainerFilters(flags.filter, room, all)
  const last = flags.latest === true ? 1 : flags.last
  const asksForStatus = flags.filter.some((filter) => /^(status|exited)=/.test(filter))
  const showsAll = flags.all === true || last !== undefined || asksForStatus
  const shown = all.filter((container) => (showsAll || isActive(container.state)) && passes(container))
  const chosen = last === undefined ? shown : shown.slice(0, last)
  if (flags.quiet === true && flags.format === undefined) {
    process.stdout.write(chosen.map(({ spec }) => `${flags.trunc ? spec.id.slice(0, 12) : spec.id}\n`).join(''))
    return exitCodes.done
  }
  const withSize = flags.size === true || /\.Size\b/.test(flags.format ?? '')
  const rows = chosen.map((container) => {
    const size = withSize ? formatBytes(layerSize(room, container.spec.id)) : ''
    return row(container, flags.trunc, room.host.nowMs(), size)
  })
  const fields = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names', ...(flags.size ? ['Size'] : [])]
  process.stdout.write(renderListing(columns, fields, rows, flags.format))
  return exitCodes.done
}

function row({ name, spec, state }: ListedContainer, trunc: boolean, nowMs: number, size: string): ListingRow {
  const command = spec.args.join(' ')
  const shortened = trunc && command.length > 20 ? `${command.slice(0, 19)}…` : command
  return {
    ID: trunc ? spec.id.slice(0, 12) : spec.id,
    Image: spec.image.reference,
    Command: `"${shortened}"`,
    RunningFor: formatSince(spec.created, nowMs),
    CreatedAt: formatTime(spec.created),
    Status: containerStatus(state, nowMs),
    State: state.status,
    Ports: (state.connection?.ports ?? []).map((port) => formatMapping(port)).join(', '),
    Names: name,
    Size: size,
    Labels: Object.entries(spec.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Mounts: spec.mounts.map((mount) => (mount.kind === 'volume' ? mount.name : mount.target)).join(','),
    Networks: spec.network.mode,
  }
}
