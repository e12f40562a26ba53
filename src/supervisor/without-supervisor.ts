import type { ContainerState } from '../container/index.ts'

/** The state of a container that nobody looks after any more. */
export function withoutSupervisor(state: ContainerState): ContainerState {
  const { supervisor, health, connection, ...rest } = state
  // Of one that does not run nobody knows that it is well; docker says so too.
  return health === undefined ? rest : { ...rest, health: { ...health, status: 'unhealthy' } }
}
