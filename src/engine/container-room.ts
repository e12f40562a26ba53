import { type ContainerStore, openContainers } from '../container/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'

/** What commands about containers work with. */
export interface ContainerRoom {
  readonly host: Host
  readonly store: Store
  readonly containers: ContainerStore
}

export function openContainerRoom(host: Host, root: string | undefined): ContainerRoom {
  const store = openStore(storeRoot(host, root))
  return { host, store, containers: openContainers(store.root, host.pid) }
}
