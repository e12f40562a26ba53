import { formatAge } from './age.ts'

/** What of a container's state a status tells. Times are RFC 3339. */
export interface ShownState {
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'exited'
  readonly exitCode: number
  readonly startedAt?: string
  readonly finishedAt?: string
  readonly health?: { readonly status: 'starting' | 'healthy' | 'unhealthy' }
}

/** A container's status as docker words it: `Up 5 minutes (healthy)`, `Exited (0) 3 seconds ago`, `Created`. */
export function containerStatus(state: ShownState, nowMs: number): string {
  const since = (text: string | undefined): string => formatAge(Math.max(0, nowMs - Date.parse(text ?? '')))
  switch (state.status) {
    case 'created':
      return 'Created'
    case 'exited':
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`
    case 'running':
      return `Up ${since(state.startedAt)}${healthWord(state.health?.status)}`
  }
}

function healthWord(health: 'starting' | 'healthy' | 'unhealthy' | undefined): string {
  if (health === undefined) return ''
  return health === 'starting' ? ' (health: starting)' : ` (${health})`
}
