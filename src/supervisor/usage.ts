import { readFileSync } from 'node:fs'
import type { UsageReply } from '../container/index.ts'
import { processesOf, type Supervised } from './container-processes.ts'

/** What the container uses, as far as its control group and its network namespace tell. Throws `ToolError` when it does not run. */
export function usageOf(supervisor: Supervised): UsageReply {
  const pids = processesOf(supervisor).length
  const init = supervisor.run?.pid()
  const { cgroup } = supervisor
  return {
    pids,
    ...cgroup?.usage(),
    ...(supervisor.hasOwnNetwork && init !== undefined ? traffic(init) : {}),
    uncounted: cgroup?.uncounted() ?? [],
  }
}

/** Sums over all devices but loopback, from proc(5)'s net/dev. */
function traffic(pid: number): Pick<UsageReply, 'receivedBytes' | 'sentBytes'> {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, 'latin1')
  } catch {
    // It has just ended.
    return {}
  }
  let [receivedBytes, sentBytes] = [0, 0]
  for (const line of text.split('\n')) {
    const [, device, counts = ''] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? []
    if (device === undefined || device === 'lo') continue
    const fields = counts.split(/\s+/).map(Number)
    receivedBytes += fields[0] ?? 0
    sentBytes += fields[8] ?? 0
  }
  return { receivedBytes, sentBytes }
}
