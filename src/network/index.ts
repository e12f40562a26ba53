/**
 * How containers are connected: a bridge with rules of our own as root, a helper process (pasta, slirp4netns) as a user.
 * In: what the flags say and what the machine offers; out: a network namespace, files for /etc, published ports. All
 * that is made vanishes with its owner or is swept by the next; the machine's own settings are left alone.
 */

export type { NetworkWishes } from './bridge.ts'
export { sweepNetworks } from './bridge-network.ts'
export { connectContainer, disconnectContainer } from './connect-container.ts'
export { createNetwork, pruneNetworks, removeNetwork } from './create-network.ts'
export type { Endpoint, Network, NetworkRoom } from './network.ts'
export type { Lease, NetworkRecord } from './network-record.ts'
export type {
  NetworkFacts,
  NetworkPlan,
  NetworkPrograms,
  NetworkRequest,
  Rung,
  RungReport,
} from './network-request.ts'
export { type NetworkStore, openNetworkStore } from './network-store.ts'
export { openNetwork } from './open-network.ts'
export { type KnownNetwork, planNetwork, unavailable } from './plan-network.ts'
export { formatHost, formatMapping, type PortMapping, parsePublish, publishExposed } from './port-mapping.ts'
export { type NetworkProbe, probeNetwork } from './probe-network.ts'
export { releaseSharedNamespace, sharedNamespaceWords } from './shared-namespace.ts'
