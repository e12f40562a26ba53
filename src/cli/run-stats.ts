import { totalmem } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { sanitizeForTerminal, ToolError } from '../base/index.ts'
import { type ContainerRoom, containerUsage, isActive, openContainerRoom } from '../engine/containers.ts'
import { allContainers } from '../engine/list-containers.ts'
import { type Column, type ListingRow, renderListing, type UsageSample, usageRow } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import { onInterrupt } from './interrupt.ts'
import type { StatsFlags } from './lifecycle-flags.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

const columns: readonly Column[] = [
  { field: 'Container', heading: 'CONTAINER' },
  { field: 'ID', heading: 'CONTAINER ID' },
  { field: 'Name', heading: 'NAME' },
  { field: 'CPUPerc', heading: 'CPU %' },
  { field: 'MemUsage', heading: 'MEM USAGE / LIMIT' },
  { field: 'MemPerc', heading: 'MEM %' },
  { field: 'NetIO', heading: 'NET I/O' },
  { field: 'BlockIO', heading: 'BLOCK I/O' },
  { field: 'PIDs', heading: 'PIDS' },
]
const shown = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs']

/** Time between two looks: what a share of processor time is measured over. */
const intervalMs = 1000

/** Runs `longshore stats`; returns the exit code. */
export async function runStats(names: readonly string[], flags: StatsFlags, root: string | undefined): Promise<number> {
  const abort = new AbortController()
  // Whoever read our output does not any more.
  process.stdout.on('error', () => abort.abort())
  const restore = onInterrupt(() => abort.abort())
  const told = new Set<string>()
  try {
    const room = openContainerRoom(processHost(), root)
    let before = await look(room, names, flags)
    for (const { uncounted } of before.values()) tell(uncounted, told)
    for (;;) {
      await delay(intervalMs, undefined, { signal: abort.signal })
      const now = await look(room, names, flags)
      const rows = [...now.values()].map(({ row, sample }) => ({
        ...row,
        ...usageRow(before.get(row['ID'] ?? '')?.sample, sample, totalmem()),
      }))
      const text = renderListing(columns, shown, rows, flags.format)
      process.stdout.write(flags.stream && process.stdout.isTTY ? `\x1b[H\x1b[J${text}` : text)
      if (!flags.stream) return exitCodes.done
      before = now
    }
  } catch (error) {
    if (abort.signal.aborted) return exitCodes.done
    if (!(error instanceof ToolError) || error.code === 'usage') throw error
    process.stderr.write(errorText(error))
    return exitCodes.stepFailed
  } finally {
    restore()
  }
}

interface Look {
  readonly row: ListingRow
  /** Absent when it does not run. */
  readonly sample?: UsageSample
  readonly uncounted: readonly string[]
}

async function look(room: ContainerRoom, names: readonly string[], flags: StatsFlags): Promise<Map<string, Look>> {
  const ids = new Map(names.map((name) => [room.containers.find(name), name]))
  const chosen = allContainers(room).filter(({ spec, state }) =>
    names.length > 0 ? ids.has(spec.id) : flags.all === true || isActive(state),
  )
  const looks = chosen.map(async ({ spec, name, state }): Promise<[string, Look]> => {
    const id = flags.trunc ? spec.id.slice(0, 12) : spec.id
    const row = { ID: id, Name: name, Container: ids.get(spec.id) ?? id }
    const usage = isActive(state) ? await usageIfRunning(room, spec.id) : undefined
    if (usage === undefined) return [id, { row, uncounted: [] }]
    return [id, { row, sample: { ...usage, atMs: performance.now() }, uncounted: usage.uncounted }]
  })
  return new Map(await Promise.all(looks))
}

async function usageIfRunning(
  room: ContainerRoom,
  id: string,
): Promise<Awaited<ReturnType<typeof containerUsage>> | undefined> {
  try {
    return await containerUsage(room, id)
  } catch (error) {
    // It ended, or waits to be started again.
    if (error instanceof ToolError && error.code === 'container-failed') return undefined
    throw error
  }
}

/** Once each, to stderr. */
function tell(uncounted: readonly string[], told: Set<string>): void {
  for (const words of uncounted) {
    if (told.has(words)) continue
    told.add(words)
    process.stderr.write(`note: not known here: ${sanitizeForTerminal(words)}\n`)
  }
}
