import { ToolError } from '../base/index.ts'
import {
  connectToNetwork,
  deleteNetwork,
  deleteUnusedNetworks,
  disconnectFromNetwork,
  inspectNetwork,
  type ListedNetwork,
  listNetworks,
  makeNetwork,
  openNetworkRoom,
} from '../engine/networks.ts'
import { type Column, compileTemplate, formatTime, type ListingRow, renderListing } from '../report/index.ts'
import { confirm } from './confirm.ts'
import { exitCodes } from './exit-codes.ts'
import type { NetworkCreateFlags, NetworkListFlags } from './network-flags.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

const columns: readonly Column[] = [
  { field: 'ID', heading: 'NETWORK ID' },
  { field: 'Name', heading: 'NAME' },
  { field: 'Driver', heading: 'DRIVER' },
  { field: 'Scope', heading: 'SCOPE' },
  { field: 'Internal', heading: 'INTERNAL' },
  { field: 'CreatedAt', heading: 'CREATED AT' },
  { field: 'Labels', heading: 'LABELS' },
]

/** Runs `longshore network create`; returns the exit code. */
export async function runNetworkCreate(
  name: string,
  flags: NetworkCreateFlags,
  root: string | undefined,
): Promise<number> {
  if (flags.driver !== 'bridge') {
    throw new ToolError('not-supported', `there is no network driver "${flags.driver}"`, { hint: 'leave --driver out' })
  }
  const { subnet, gateway, internal = false } = flags
  const labels = Object.fromEntries(flags.label.map(splitLabel))
  const room = openNetworkRoom(processHost(), root)
  const wishes = { name, internal, labels, ...(subnet ? { subnet } : {}), ...(gateway ? { gateway } : {}) }
  process.stdout.write(`${await makeNetwork(room, wishes)}\n`)
  return exitCodes.done
}

function splitLabel(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** Runs `longshore network ls`; returns the exit code. */
export function runNetworkList(flags: NetworkListFlags, root: string | undefined): number {
  const rows = listNetworks(openNetworkRoom(processHost(), root), flags.filter).map((one) => rowOf(one, flags.trunc))
  if (flags.quiet === true) process.stdout.write(rows.map((row) => `${row['ID'] || row['Name']}\n`).join(''))
  else process.stdout.write(renderListing(columns, ['ID', 'Name', 'Driver', 'Scope'], rows, flags.format))
  return exitCodes.done
}

function rowOf({ id, name, driver, internal, created, labels }: ListedNetwork, trunc: boolean): ListingRow {
  const words = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return {
    ...{ ID: trunc ? id.slice(0, 12) : id, Name: name, Driver: driver, Scope: 'local', Internal: String(internal) },
    ...{ CreatedAt: created === '' ? '' : formatTime(created), Labels: words.join(',') },
  }
}

/** Runs `longshore network inspect`; returns the exit code. */
export function runNetworkInspect(
  names: readonly string[],
  format: string | undefined,
  root: string | undefined,
): number {
  const room = openNetworkRoom(processHost(), root)
  const fill = format === undefined || format === 'json' ? undefined : compileTemplate(format)
  const found: ReturnType<typeof inspectNetwork>[] = []
  const exitCode = forEachOf(names, (name) => void found.push(inspectNetwork(room, name)))
  if (fill !== undefined) process.stdout.write(found.map((one) => `${fill(one)}\n`).join(''))
  else process.stdout.write(format === 'json' ? `${JSON.stringify(found)}\n` : `${JSON.stringify(found, null, 4)}\n`)
  return exitCode
}

/** What is wrong with one name does not keep the others; the exit code is 1 then, as docker's. */
function forEachOf(names: readonly string[], action: (name: string) => void): number {
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

/** Runs `longshore network rm`; returns the exit code. */
export async function runNetworkRemove(
  names: readonly string[],
  force: boolean,
  root: string | undefined,
): Promise<number> {
  const room = openNetworkRoom(processHost(), root)
  let exitCode: number = exitCodes.done
  for (const name of names) {
    try {
      await deleteNetwork(room, name)
      process.stdout.write(`${name}\n`)
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      if (force && error.code === 'network-not-found') continue
      process.stderr.write(errorText(error))
      exitCode = exitCodes.stepFailed
    }
  }
  return exitCode
}

/** Runs `longshore network prune`; asks first, unless forced. Returns the exit code. */
export async function runNetworkPrune(
  force: boolean,
  filters: readonly string[],
  root: string | undefined,
): Promise<number> {
  if (!force && !confirm('WARNING! This will remove all networks that no running container uses.'))
    return exitCodes.done
  const names = await deleteUnusedNetworks(openNetworkRoom(processHost(), root), filters)
  if (names.length > 0) process.stdout.write(`Deleted Networks:\n${names.map((name) => `${name}\n`).join('')}`)
  return exitCodes.done
}

/** Runs `longshore network connect`; returns the exit code. */
export async function runNetworkConnect(
  network: string,
  container: string,
  flags: { readonly alias: readonly string[]; readonly ip?: string },
  root: string | undefined,
): Promise<number> {
  const wishes = { aliases: flags.alias, ...(flags.ip === undefined ? {} : { address: flags.ip }) }
  await connectToNetwork(openNetworkRoom(processHost(), root), network, container, wishes)
  return exitCodes.done
}

/** Runs `longshore network disconnect`; returns the exit code. */
export async function runNetworkDisconnect(
  network: string,
  container: string,
  root: string | undefined,
): Promise<number> {
  await disconnectFromNetwork(openNetworkRoom(processHost(), root), network, container)
  return exitCodes.done
}
